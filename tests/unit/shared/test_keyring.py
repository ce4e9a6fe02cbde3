from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest

from shared.aws import MAX_ATTEMPTS, create_client
from shared.errors import Unavailable
from shared.keyring import KeyRing
from shared.observability import get_logger
from tests.support.clock import Clock
from tests.support.faults import Fault, break_calls
from tests.support.handlers import listen

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


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


def test_new_key_comes_first_and_the_one_before_it_stays_valid(
    client: SecretsManagerClient, clock: Clock, ring: KeyRing
) -> None:
    ring.get()
    for value, keys in (("second", [b"second", b"first"]), ("third", [b"third", b"second"])):
        client.put_secret_value(SecretId="links", SecretString=value)
        clock.advance(301)
        assert ring.get() == keys


@pytest.mark.parametrize(("seconds", "tries"), [(0, 0), (300, 0), (301, MAX_ATTEMPTS)])
def test_keys_are_read_again_after_5_minutes(
    client: SecretsManagerClient, clock: Clock, ring: KeyRing, seconds: int, tries: int
) -> None:
    assert ring.get() == [b"first"]
    reading = break_calls(client, "GetSecretValue")
    clock.advance(seconds)
    assert ring.get() == [b"first"]
    assert reading.tries == tries


@pytest.mark.parametrize("fault", [Fault.NO_RESPONSE, Fault.THROTTLED, Fault.FAILED])
def test_keys_that_cannot_be_read_again_are_kept_longer(
    client: SecretsManagerClient, clock: Clock, ring: KeyRing, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    logs = StringIO()
    monkeypatch.setattr(get_logger().registered_handler, "stream", logs)
    ring.get()
    clock.advance(301)
    reading = break_calls(client, "GetSecretValue", fault)
    assert [ring.get(), ring.get()] == [[b"first"]] * 2
    assert reading.tries == MAX_ATTEMPTS
    assert '"level":"WARNING"' in logs.getvalue()
    assert "its last keys stay in use" in logs.getvalue()
    assert "first" not in logs.getvalue()
    reading.end()
    client.put_secret_value(SecretId="links", SecretString="second")
    clock.advance(301)
    assert ring.get() == [b"second", b"first"]


def test_keys_that_were_never_read_are_unavailable(client: SecretsManagerClient, ring: KeyRing) -> None:
    break_calls(client, "GetSecretValue")
    with pytest.raises(Unavailable):
        ring.get()


def test_what_can_do_without_a_key_waits_for_it_once_in_an_outage(
    client: SecretsManagerClient, clock: Clock, ring: KeyRing
) -> None:
    reading = break_calls(client, "GetSecretValue")
    assert [ring.find_current(), ring.find_current()] == [None, None]
    assert reading.tries == MAX_ATTEMPTS
    clock.advance(5)
    assert ring.find_current() is None
    assert reading.tries == 2 * MAX_ATTEMPTS
    reading.end()
    assert ring.get() == [b"first"]
    assert ring.find_current() == b"first"


def test_key_that_is_known_is_found_in_an_outage(
    client: SecretsManagerClient, clock: Clock, ring: KeyRing
) -> None:
    ring.get()
    break_calls(client, "GetSecretValue")
    for _ in range(2):
        clock.advance(301)
        assert ring.find_current() == b"first"


def test_no_client_is_made_before_something_is_signed() -> None:
    def refuse() -> SecretsManagerClient:
        raise AssertionError

    ring = KeyRing(refuse, "links")
    with pytest.raises(AssertionError):
        ring.get()


def test_secret_without_a_value_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="no value"):
        KeyRing(lambda: create_client("secretsmanager"), "missing").get()


def test_client_is_made_once(client: SecretsManagerClient, clock: Clock) -> None:
    made = []

    def make() -> SecretsManagerClient:
        made.append(1)
        return client

    ring = KeyRing(make, "links", clock=clock)
    ring.get()
    clock.advance(301)
    assert ring.get() == [b"first"]
    assert made == [1]


def test_refusal_of_the_secret_is_no_outage(client: SecretsManagerClient, ring: KeyRing) -> None:
    """A refusal is our mistake, and the next read would be refused too."""
    error = client.exceptions.InvalidRequestException
    response: Any = {
        "Error": {"Code": "InvalidRequestException"},
        "ResponseMetadata": {"HTTPStatusCode": 400},
    }

    def refuse(**_: object) -> None:
        raise error(response, "GetSecretValue")

    listen(client, "before-call.secrets-manager.GetSecretValue", refuse)
    with pytest.raises(error):
        ring.get()
