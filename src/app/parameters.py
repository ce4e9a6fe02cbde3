"""Parameters: what the settings of the stack say, as routes ask for it."""

from datetime import timedelta
from functools import cache
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends

from shared.quotas import Quota
from shared.rates import Rate
from shared.settings import Settings
from shared.variants import VariantMode


@cache
def get_settings() -> Settings:
    return Settings()


def get_quota() -> Quota:
    return get_settings().quota


def get_rate() -> Rate:
    return get_settings().rate


def get_variant_mode() -> VariantMode:
    return VariantMode(get_settings().variants)


def get_trash_lifetime() -> timedelta:
    return get_settings().trash_lifetime


def get_recovery_days() -> int:
    return get_settings().recovery_days


def get_auth_mode() -> str:
    return get_settings().auth_mode


def get_has_cdn() -> bool:
    return get_settings().origin_secret is not None


def get_has_docs() -> bool:
    return get_settings().has_docs


UserQuota = Annotated[Quota, Depends(get_quota)]
UserRate = Annotated[Rate, Depends(get_rate)]
TrashLifetime = Annotated[timedelta, Depends(get_trash_lifetime)]
RecoveryDays = Annotated[int, Depends(get_recovery_days)]
HasDocs = Annotated[bool, Depends(get_has_docs)]
AuthMode = Annotated[str, Depends(get_auth_mode)]
Mode = Annotated[VariantMode, Depends(get_variant_mode)]
