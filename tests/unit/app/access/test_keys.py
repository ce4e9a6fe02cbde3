from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.access.keys import KEYS_LIFETIME_SECONDS, KeyRing
from shared.aws import MAX_ATTEMPTS, create_client
from shared.errors import Unavailable
from tests.support.faults import break_calls

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def client() -> SecretsManagerClient:
    client = create_client("secretsmanager")
    client.create_secret(Name="links", SecretString="first")
    return client


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ring(client: SecretsManagerClient, clock: Clock) -> KeyRing:
    return KeyRing(lambda: client, "links", clock=clock)


def test_one_value_is_one_key(ring: KeyRing) -> None:
    assert ring.get() == [b"first"]


def test_after_a_rotation_the_new_key_comes_first_and_the_old_one_is_good_until_the_next(
    client: SecretsManagerClient, clock: Clock, ring: KeyRing
) -> None:
    ring.get()
    for value, keys in (("second", [b"second", b"first"]), ("third", [b"third", b"second"])):
        client.put_secret_value(SecretId="links", SecretString=value)
        clock.now += KEYS_LIFETIME_SECONDS + 1
        assert ring.get() == keys


def test_keys_are_read_once_in_a_while(client: SecretsManagerClient, ring: KeyRing) -> None:
    assert ring.get() == [b"first"]
    reading = break_calls(client, "GetSecretValue")
    assert ring.get() == [b"first"]
    assert reading.tries == 0


def test_keys_that_cannot_be_read_again_are_kept_longer(
    client: SecretsManagerClient, clock: Clock, ring: KeyRing
) -> None:
    ring.get()
    clock.now += KEYS_LIFETIME_SECONDS + 1
    reading = break_calls(client, "GetSecretValue")
    assert [ring.get(), ring.get()] == [[b"first"]] * 2
    assert reading.tries == MAX_ATTEMPTS
    reading.end()
    client.put_secret_value(SecretId="links", SecretString="second")
    clock.now += KEYS_LIFETIME_SECONDS + 1
    assert ring.get() == [b"second", b"first"]


def test_keys_that_were_never_read_are_unavailable(client: SecretsManagerClient, ring: KeyRing) -> None:
    break_calls(client, "GetSecretValue")
    with pytest.raises(Unavailable):
        ring.get()


def test_no_client_is_made_before_something_is_signed() -> None:
    def refuse() -> SecretsManagerClient:
        raise AssertionError

    KeyRing(refuse, "links")


def test_secret_without_a_value_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="no value"):
        KeyRing(lambda: create_client("secretsmanager"), "missing").get()
