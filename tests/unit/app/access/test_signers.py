from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ReadTimeoutError

from app.access.signers import SESSION_SECONDS, SigningRole
from shared.errors import Unavailable
from shared.limits import DEFAULT_UPLOAD_SECONDS, MAX_UPLOAD_SECONDS
from shared.storage import DOWNLOAD_LIFETIME_SECONDS, URL_LIFETIME_SECONDS
from tests.support.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Mapping

ROLE = "arn:aws:iam::123456789012:role/signer"


class Sts:
    """Gives credentials for an hour, and counts them."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.calls: list[Mapping[str, Any]] = []
        self.error: Exception | None = None

    def assume_role(self, **parameters: Any) -> Any:  # noqa: ANN401 - of the client
        if self.error:
            raise self.error
        self.calls.append(parameters)
        end = datetime.fromtimestamp(self.clock() + parameters["DurationSeconds"], UTC)
        keys = {name: f"{name}-{len(self.calls)}" for name in ("AccessKeyId", "SecretAccessKey")}
        return {"Credentials": {**keys, "SessionToken": "token", "Expiration": end}}


@pytest.fixture
def clock() -> Clock:
    return Clock(now=1_800_000_000.0)


@pytest.fixture
def sts(clock: Clock) -> Sts:
    return Sts(clock)


@pytest.fixture
def role(sts: Sts, clock: Clock) -> SigningRole:
    made: Any = (lambda: sts, lambda credentials: credentials)
    return SigningRole(made[0], ROLE, made[1], clock=clock)


def test_signer_has_the_credentials_of_the_role(role: SigningRole, sts: Sts) -> None:
    signer: Any = role.get(300)
    assert signer == {
        "aws_access_key_id": "AccessKeyId-1",
        "aws_secret_access_key": "SecretAccessKey-1",
        "aws_session_token": "token",
    }
    assert sts.calls == [{"RoleArn": ROLE, "RoleSessionName": "signer", "DurationSeconds": SESSION_SECONDS}]


@pytest.mark.parametrize(
    "seconds", [URL_LIFETIME_SECONDS, DOWNLOAD_LIFETIME_SECONDS, DEFAULT_UPLOAD_SECONDS, MAX_UPLOAD_SECONDS]
)
def test_every_signature_lives_as_long_as_it_says(
    role: SigningRole, sts: Sts, clock: Clock, seconds: int
) -> None:
    for _ in range(200):
        role.get(seconds)
        assumed_at = role._ends_at - SESSION_SECONDS  # noqa: SLF001 - nothing else tells it
        assert clock() + seconds <= assumed_at + SESSION_SECONDS
        clock.advance(60)
    lived = max(60, min(SESSION_SECONDS // 2, SESSION_SECONDS - seconds - 90))
    assert len(sts.calls) <= 200 * 60 / lived + 1


def test_role_is_assumed_again_at_half_life_only(role: SigningRole, sts: Sts, clock: Clock) -> None:
    for _ in range(60):
        role.get(URL_LIFETIME_SECONDS)
        clock.advance(60)
    assert len(sts.calls) == 2


def test_fault_of_sts_is_unavailable(role: SigningRole, sts: Sts) -> None:
    sts.error = ReadTimeoutError(endpoint_url="")
    with pytest.raises(Unavailable):
        role.get(1)


@pytest.mark.parametrize(
    ("minutes", "seconds", "is_signed"), [(40, 300, True), (40, 1800, False), (59, 300, False)]
)
def test_session_that_lives_long_enough_stays_in_use_during_an_outage(  # noqa: PLR0913, PLR0917 - rows, fixtures
    role: SigningRole, sts: Sts, clock: Clock, minutes: int, seconds: int, is_signed: bool
) -> None:
    signer = role.get(300)
    clock.advance(60 * minutes)
    sts.error = ReadTimeoutError(endpoint_url="")
    if is_signed:
        assert role.get(seconds) is signer
    else:
        with pytest.raises(Unavailable):
            role.get(seconds)
