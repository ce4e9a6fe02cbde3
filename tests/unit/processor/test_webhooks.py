from __future__ import annotations

import base64
import json
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from processor import webhooks
from processor.webhooks import (
    InsecureUrl,
    InvalidSecret,
    Outcome,
    Reply,
    Webhook,
    parse_secret,
    post,
)
from tests.support.receiver import Receiver, run_receiver
from tests.support.webhooks import DETAIL, EVENT, OTHER_SECRET, SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = 1_800_000_000.0


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with run_receiver() as receiver:
        yield receiver


def test_body_has_type_time_and_data_and_the_id_names_the_version() -> None:
    webhook = Webhook.of(EVENT)
    assert json.loads(webhook.body) == {"type": "image.ready", "timestamp": DETAIL["at"], "data": DETAIL}
    assert webhook.id == f"msg_{DETAIL['id']}_3"
    assert "." not in webhook.id
    later = EVENT | {"id": "another", "time": "2026-11-24T00:00:00Z"}
    assert Webhook.of(later) == webhook  # the bus may send an event twice


def test_signature_is_that_of_the_standard() -> None:
    """The example of its specification, as its reference libraries sign it."""
    secret = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    webhook = Webhook("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}')
    headers = webhook.sign([secret], 1614265330)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["content-type"] == "application/json"


def test_each_key_signs_and_the_prefix_is_optional() -> None:
    webhook = Webhook.of(EVENT)
    both = webhook.sign([SECRET.encode(), OTHER_SECRET.encode()], 1)["webhook-signature"]
    alone = webhook.sign([SECRET.removeprefix("whsec_").encode()], 1)["webhook-signature"]
    assert both.split()[0] == alone
    assert len({*both.split()}) == 2


@pytest.mark.parametrize("size", [0, 23, 65])
def test_secret_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(InvalidSecret):
        parse_secret(b"whsec_" + base64.b64encode(bytes(size)))


@pytest.mark.parametrize("text", [b"whsec_!", b"whsec_abc", b"secret secret secret secret secret"])
def test_text_that_is_no_secret_is_refused_and_not_shown(text: bytes) -> None:
    with pytest.raises(InvalidSecret) as caught:
        parse_secret(text)
    assert str(caught.value) == ""
    assert caught.value.__suppress_context__


def send(url: str, *, now: float = NOW) -> Reply:
    return post(url, {"webhook-id": "msg_1"}, b"{}", now=now)


def test_post_sends_headers_and_body_as_they_are(receiver: Receiver) -> None:
    assert send(f"{receiver.url}/hooks?team=1") == Reply(Outcome.DELIVERED, 204)
    (request,) = receiver.requests
    assert (request.path, request.headers["webhook-id"], request.body) == ("/hooks?team=1", "msg_1", b"{}")


@pytest.mark.parametrize(
    ("status", "headers", "reply"),
    [
        (200, {}, Reply(Outcome.DELIVERED, 200)),
        (299, {}, Reply(Outcome.DELIVERED, 299)),
        (301, {"Location": "/elsewhere"}, Reply(Outcome.FAILED, 301)),
        (307, {"Location": "/elsewhere"}, Reply(Outcome.FAILED, 307)),
        (400, {}, Reply(Outcome.FAILED, 400)),
        (401, {}, Reply(Outcome.FAILED, 401)),
        (410, {}, Reply(Outcome.GONE, 410)),
        (429, {"Retry-After": "120"}, Reply(Outcome.FAILED, 429, 120)),
        (503, {"Retry-After": "Fri, 15 Jan 2027 08:01:00 GMT"}, Reply(Outcome.FAILED, 503, 60)),
        (503, {"Retry-After": "Fri, 15 Jan 2021 08:01:00 GMT"}, Reply(Outcome.FAILED, 503, 0)),
        (503, {"Retry-After": "soon"}, Reply(Outcome.FAILED, 503, 0)),
        (503, {"Retry-After": "-5"}, Reply(Outcome.FAILED, 503, 0)),
        (502, {}, Reply(Outcome.FAILED, 502)),
    ],
)
def test_response_is_understood_and_no_redirect_is_followed(
    receiver: Receiver, status: int, headers: dict[str, str], reply: Reply
) -> None:
    receiver.respond = lambda _: (status, headers)
    assert send(receiver.url) == reply
    assert len(receiver.requests) == 1


def test_body_of_the_response_is_not_read(receiver: Receiver) -> None:
    receiver.body = b"x" * 50_000_000
    assert send(receiver.url).outcome is Outcome.DELIVERED


def test_receiver_that_is_not_there_or_says_nothing_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert send(f"http://127.0.0.1:{port}") == Reply(Outcome.FAILED)
    assert send(f"http://127.0.0.1:{port}") == Reply(Outcome.FAILED)


def test_receiver_that_speaks_no_http_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def babble() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"220 mail.example\r\n")

        thread = threading.Thread(target=babble)
        thread.start()
        assert send(f"http://127.0.0.1:{server.getsockname()[1]}") == Reply(Outcome.FAILED)
        thread.join()


@pytest.mark.parametrize(
    "url",
    ["http://a.example", "http://localhost.a.example", "ftp://localhost", "http://10.0.0.1/", "localhost"],
)
def test_nothing_is_sent_without_tls_to_another_machine(url: str) -> None:
    with pytest.raises(InsecureUrl) as caught:
        send(url)
    assert url not in str(caught.value)
