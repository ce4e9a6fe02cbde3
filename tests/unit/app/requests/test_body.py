from __future__ import annotations

import pytest

from app.main import lambda_handler
from app.requests.body import parse_json
from shared.errors import MalformedRequest
from tests.support.api import make_context, make_event
from tests.support.pictures import make_picture


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"{}x",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": "\\ud800"}',
        b'{"a": ' + b"1" * 5000 + b"}",
        b"[" * 100_000,
        b"[" * 300 + b"]" * 300,
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": [{"c": 1, "c": 1}]}}',
        b'{"a": 1, "\\u0061": 2}',
    ],
)
def test_hostile_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedRequest):
        parse_json(body)


def test_field_that_is_named_twice_is_said_to_be_so_and_not_repeated() -> None:
    with pytest.raises(MalformedRequest, match="names a field twice at line 1 column") as raised:
        parse_json(b'{"secret": 1, "secret": 2}')
    assert "secret" not in raised.value.detail


@pytest.mark.usefixtures("api")
def test_body_is_taken_out_of_the_event() -> None:
    headers = {"Content-Type": "image/jpeg", "X-User-Id": "ann"}
    event = make_event("POST", "/images/upload", headers, make_picture(), encode=True)
    assert lambda_handler(event, make_context())["statusCode"] == 201
    assert "body" not in event
