"""The receiver of webhooks in `examples/`: it takes what the service signs, and nothing else."""

from __future__ import annotations

import threading
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from examples.webhook_receiver import (
    MAX_BODY_BYTES,
    TOLERANCE_SECONDS,
    Images,
    Receiver,
    Refused,
    verify,
)
from processor.webhooks import Webhook
from tests.support.webhooks import DETAIL, EVENT, OTHER_SECRET, SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = 1_800_000_000
WEBHOOK = Webhook.of(EVENT)
THIRD_SECRET = "whsec_" + "A" * 32


def sign(*secrets: str, at: int = NOW) -> dict[str, str]:
    return WEBHOOK.sign([secret.encode() for secret in secrets], at)


@pytest.mark.parametrize(
    ("signers", "known"),
    [
        ([SECRET], [SECRET]),
        ([SECRET, OTHER_SECRET], [SECRET]),
        ([SECRET, OTHER_SECRET], [OTHER_SECRET]),
        ([OTHER_SECRET], [SECRET, OTHER_SECRET]),
    ],
)
def test_webhook_is_taken_while_either_side_rotates_its_secret(signers: list[str], known: list[str]) -> None:
    verify(sign(*signers), WEBHOOK.body, known, now=NOW)


@pytest.mark.parametrize("away", [-TOLERANCE_SECONDS, 0, TOLERANCE_SECONDS])
def test_webhook_of_the_last_minutes_is_taken(away: int) -> None:
    verify(sign(SECRET, at=NOW + away), WEBHOOK.body, [SECRET], now=NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook-timestamp": str(NOW + 1)},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "٣"},
        {"webhook-id": "msg_other"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "é"},
        sign(THIRD_SECRET),
        sign(SECRET, at=NOW - TOLERANCE_SECONDS - 1),
        sign(SECRET, at=NOW + TOLERANCE_SECONDS + 1),
    ],
)
def test_anything_else_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(Refused):
        verify(sign(SECRET) | changes, WEBHOOK.body, [SECRET], now=NOW)


def test_other_body_is_refused() -> None:
    with pytest.raises(Refused):
        verify(sign(SECRET), WEBHOOK.body + b" ", [SECRET], now=NOW)


def test_lower_and_equal_versions_are_dropped() -> None:
    images = Images()
    taken = [
        images.take({"id": name, "version": version}) for name, version in [("a", 2), ("a", 2), ("b", 1)]
    ]
    assert taken == [True, False, True]
    assert not images.take({"id": "a", "version": 1})
    assert images.take({"id": "a", "version": 3})


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Receiver, "secrets", [SECRET])
    monkeypatch.setattr(Receiver, "images", Images())
    monkeypatch.setattr("time.time", lambda: float(NOW))
    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (sign(SECRET), WEBHOOK.body, 204),
        (sign(OTHER_SECRET), WEBHOOK.body, 401),
        ({}, WEBHOOK.body, 401),
        (sign(SECRET), bytes(MAX_BODY_BYTES + 1), 413),
    ],
)
def test_receiver_responds_to_each(
    url: str, capsys: pytest.CaptureFixture[str], headers: dict[str, str], body: bytes, status: int
) -> None:
    options: dict[str, Any] = {"content": body, "headers": headers}
    assert [httpx.post(url, **options).status_code for _ in range(2)] == [status] * 2
    assert capsys.readouterr().out.count(DETAIL["id"]) == (status == 204)
