from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app import parameters
from shared.quotas import Quota
from shared.settings import Settings
from shared.variants import VariantMode
from tests.support.factories import forgetting

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    with forgetting(parameters.get_settings):
        yield


def test_settings_are_those_of_the_environment() -> None:
    assert isinstance(parameters.get_settings(), Settings)
    assert parameters.get_settings().bucket == "bucket"
    assert parameters.get_auth_mode() == "open"


def test_variants_are_for_those_whom_the_settings_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parameters.get_variant_mode() is VariantMode.ENABLED
    monkeypatch.setenv("VARIANTS", "signed")
    parameters.get_settings.cache_clear()
    assert parameters.get_variant_mode() is VariantMode.SIGNED


def test_quota_is_that_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_USER_IMAGES", "3")
    monkeypatch.setenv("MAX_USER_BYTES", "4000")
    assert parameters.get_quota() == Quota(max_images=3, max_bytes=4000)
