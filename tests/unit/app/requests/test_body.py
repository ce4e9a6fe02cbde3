from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel, ConfigDict, field_validator

from app.main import lambda_handler
from app.requests.batches import BatchCreate
from app.requests.body import get_query, parse_json, validate
from app.requests.inputs import ImageCreate, ImageQuery, ImageUpdate, ItemCreate
from shared.errors import FieldError, InvalidFields, MalformedRequest
from tests.support.api import make_context, make_event, read_response
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from tests.support.api import Api


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


def test_duplicate_field_is_refused_and_its_name_is_not_repeated() -> None:
    with pytest.raises(MalformedRequest, match="names a field twice at line 1 column") as raised:
        parse_json(b'{"secret": 1, "secret": 2}')
    assert "secret" not in raised.value.detail


@pytest.mark.usefixtures("api")
def test_body_is_taken_out_of_the_event() -> None:
    headers = {"Content-Type": "image/jpeg", "X-User-Id": "ann"}
    event = make_event("POST", "/images/upload", headers, make_picture(), encode=True)
    assert lambda_handler(event, make_context())["statusCode"] == 201
    assert "body" not in event


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "The request has no body. Send JSON."),
        (b" \n", "The request has no body. Send JSON."),
        (b'{"a": }', "The body is not JSON at line 1 column 7."),
        (b'{\n"a": 1,\n"a": 2}', "The body names a field twice at line 3 column 5."),
    ],
)
def test_error_says_what_is_wrong_with_the_json_and_where(body: bytes, detail: str) -> None:
    with pytest.raises(MalformedRequest) as raised:
        parse_json(body)
    assert raised.value.detail == detail


@pytest.mark.parametrize("value", [{"a": 1.5}, [], "x", 1, None, True, {"a": {"a": 1}}])
def test_json_is_read_as_it_is(value: object) -> None:
    assert parse_json(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 201),
        ("Application/JSON; charset=utf-8", 201),
        ("application/merge-patch+json", 201),
        (None, 201),
        ("", 201),
        ("text/plain", 415),
        ("application/jsonp", 415),
        ("multipart/form-data; boundary=x", 415),
    ],
)
def test_json_may_come_under_its_own_type_or_none(api: Api, content_type: str | None, status: int) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    assert api.post("/items", headers=headers, body=b'{"name": "a"}').status == status


@pytest.mark.parametrize(("size", "status"), [(100_000, 201), (100_001, 413)])
def test_json_has_up_to_100_kilobytes(api: Api, size: int, status: int) -> None:
    response = api.post("/items", body=b'{"name": "a"}'.ljust(size))
    assert response.status == status
    if status == 413:
        assert response.problem == (413, "too_large", [])
        assert response.json["detail"] == "The body has 100001 bytes. Send at most 100000."


def test_body_that_is_not_required_may_be_missing(api: Api) -> None:
    image_id = api.upload(make_picture())["id"]
    assert api.post(f"/images/{image_id}/links", user="ann").status == 201
    assert api.post(f"/images/{image_id}/links", user="ann", body=b"[]").status == 422
    assert api.request("PUT", f"/images/{image_id}", user="ann").problem == (400, "malformed_request", [])


def test_body_of_bad_base64_is_malformed(api: Api) -> None:
    del api  # it makes the handler ready
    event = make_event("POST", "/items", {}, None, encode=True) | {"body": "%", "isBase64Encoded": True}
    response = read_response(lambda_handler(event, make_context()))
    assert response.problem == (400, "malformed_request", [])
    assert response.json["detail"] == "The body is not valid base64."


class Shape(BaseModel):
    """A model with every kind of wrong field."""

    model_config = ConfigDict(extra="forbid")

    name: str
    parts: list[dict[str, int]] = []

    @field_validator("name")
    @classmethod
    def refuse_bad(cls, name: str) -> str:
        if name == "bad":
            raise ValueError("is bad")
        return name


@pytest.mark.parametrize(
    ("data", "field", "message"),
    [
        ({}, "name", "is required"),
        ({"name": "a", "x": 1}, "x", "is not a known field"),
        ({"name": "bad"}, "name", "is bad"),
        ({"name": "a", "parts": [{}, {"y": "z"}]}, "parts[1].y", "Input should be a valid integer"),
        ([], "body", "is not an object"),
        ({"name": "a", "parts": [5]}, "parts[0]", "is not an object"),
    ],
)
def test_wrong_field_is_named_as_the_client_wrote_it(data: Any, field: str, message: str) -> None:  # noqa: ANN401 - JSON
    with pytest.raises(InvalidFields) as raised:
        validate(Shape, data)
    (error,) = raised.value.errors
    assert error.field == field
    assert error.message.startswith(message)


@pytest.mark.parametrize(
    ("model", "data", "field", "message"),
    [
        (ImageUpdate, {"tags": "a"}, "tags", "is not a list"),
        (ImageUpdate, {"addTags": {"a": 1}}, "addTags", "is not a list"),
        (BatchCreate, {"action": "trash", "ids": "a"}, "ids", "is not a list"),
        (BatchCreate, {"action": "trash", "ids": None}, "ids", "is not a list"),
        (BatchCreate, {"action": "update", "ids": ["a"], "update": []}, "update", "is not an object"),
        (ImageCreate, {"image": "a"}, "image", "is not an object"),
        (ItemCreate, {"name": "a", "attributes": []}, "attributes", "is not an object"),
    ],
)
def test_field_of_another_kind_is_told_in_words_of_json(
    model: type[BaseModel], data: object, field: str, message: str
) -> None:
    with pytest.raises(InvalidFields) as raised:
        validate(model, data)
    assert [*raised.value.errors] == [FieldError(field, message)]


@pytest.mark.parametrize(
    ("model", "data", "field", "meant"),
    [
        (ImageQuery, {"createdafter": "x"}, "createdafter", "createdAfter"),
        (ImageCreate, {"image": {"content": "eA=="}, "meta": {}}, "meta", "metadata"),
        (ImageCreate, {"image": {"content": "eA=="}, "metadata": {"tag": "a"}}, "metadata.tag", "tags"),
        (ImageCreate, {"image": {"content": "eA==", "file_name": "a"}}, "image.file_name", "filename"),
    ],
)
def test_unknown_field_that_resembles_a_known_one_names_it(
    model: type[BaseModel],
    data: Any,  # noqa: ANN401 - JSON
    field: str,
    meant: str,
) -> None:
    with pytest.raises(InvalidFields) as raised:
        validate(model, data)
    assert [*raised.value.errors] == [FieldError(field, f"is not a known field; use `{meant}`")]


@pytest.mark.parametrize(
    ("single", "multiple", "expected"),
    [
        (None, None, {}),
        ({"a": "1"}, None, {"a": ["1"]}),
        ({"a": "2"}, {"a": ["1", "2"]}, {"a": ["1", "2"]}),
        (None, {"a": ["1"]}, {"a": ["1"]}),
    ],
)
def test_query_is_read_from_either_field_of_the_event(
    single: dict[str, str] | None, multiple: dict[str, list[str]] | None, expected: dict[str, list[str]]
) -> None:
    event = {"queryStringParameters": single, "multiValueQueryStringParameters": multiple}
    request: Any = SimpleNamespace(resolved_event=event)
    assert get_query(request) == expected
