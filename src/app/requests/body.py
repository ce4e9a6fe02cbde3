"""Reads the query and the body of a request into models, and names every wrong field."""

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Any

import pybase64
from aws_lambda_powertools.event_handler import Request
from jiter import from_json
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from app.access.callers import USER_ID_FIELD
from app.requests.names import find_meant
from shared.errors import FieldError, InvalidFields, MalformedRequest, TooLarge, UnsupportedMediaType
from shared.limits import MAX_JSON_BYTES

MAX_FIELD_ERRORS = 50
MULTIPART = "multipart/form-data"
MERGE_PATCH = "application/merge-patch+json"
JSON_TYPES = {"application/json", MERGE_PATCH}

_BOUNDARY = re.compile(r';\s*boundary=(?:"(?P<quoted>[^"]+)"|(?P<plain>[^;\s"]+))', re.IGNORECASE)
_LINE_ENDS = b"\r\n"
_STANDARD_ALPHABET = bytes.maketrans(b"-_", b"+/")
_MESSAGES = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "tuple_type": "is not a list",
    "model_type": "is not an object",
    "dict_type": "is not an object",
}
"""Where the words of pydantic are those of Python, by the type of the error."""


def read_json[M: BaseModel](model: type[M], *, required: bool = True) -> Callable[[Request], M]:
    """Make a dependency that reads a JSON body. If it is not required, a missing body counts as `{}`."""

    def read(request: Request) -> M:
        media_type = get_media_type(request)
        if media_type and media_type not in JSON_TYPES:
            raise UnsupportedMediaType("Send the body as application/json.")
        body = read_body(request)
        if not body and not required:
            return validate(model, {})
        if len(body) > MAX_JSON_BYTES:
            raise TooLarge(f"The body has {len(body)} bytes. Send at most {MAX_JSON_BYTES}.")
        return validate(model, parse_json(body))

    return read


def read_query[M: BaseModel](model: type[M]) -> Callable[[Request], M]:
    """Make a dependency that reads the query."""

    def read(request: Request) -> M:
        return validate(
            model,
            {name: values[0] if len(values) == 1 else values for name, values in get_query(request).items()},
        )

    return read


def get_query(request: Request) -> dict[str, list[str]]:
    """Return the query, with every value of a repeated parameter."""
    event = request.resolved_event
    single = event.get("queryStringParameters") or {}
    return {name: [value] for name, value in single.items()} | (
        event.get("multiValueQueryStringParameters") or {}
    )


def refuse_query(request: Request) -> None:
    """Raises InvalidFields for parameters that belong in the body. Any request may name its user."""
    if names := get_query(request).keys() - {USER_ID_FIELD}:
        message = "is not read here; send it in the body"
        raise InvalidFields([FieldError(name, message) for name in sorted(names)])


def get_media_type(request: Request) -> str:
    return request.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def read_body(request: Request) -> bytes:
    """Take the body out of the request, so that memory holds an upload once. Raises MalformedRequest."""
    event = request.resolved_event
    return _decode_body(event.raw_event.pop("body", None), is_base64=event.is_base64_encoded)


def hash_request(request: Request) -> str:
    """Hash the content of a request: equal requests have equal hashes. Raises MalformedRequest.

    A client may send the same form again with another boundary, so the boundary does not count.
    """
    event = request.resolved_event
    body = _decode_body(event.body, is_base64=event.is_base64_encoded)
    media_type = get_media_type(request)
    if media_type == MULTIPART and (boundary := _BOUNDARY.search(request.headers["Content-Type"])):
        body = body.replace(b"--" + (boundary["quoted"] or boundary["plain"]).encode(), b"--")
    head = f"{media_type}\n{sorted(get_query(request).items())}\n"
    return hashlib.sha256(head.encode() + body).hexdigest()


def _decode_body(body: str | None, *, is_base64: bool | None) -> bytes:
    try:
        return pybase64.b64decode(body or "", validate=True) if is_base64 else (body or "").encode()
    except ValueError as error:
        raise MalformedRequest("The body is not valid base64.") from error


def decode_base64(text: str) -> bytes:
    """Decode base64 (RFC 4648), also in lines, as Android and `base64` write it, or safe for URLs.

    Raises ValueError.
    """
    try:
        return pybase64.b64decode(text, validate=True)
    except ValueError:
        plain = text.encode().translate(_STANDARD_ALPHABET, _LINE_ENDS)
        padding = b"=" * (-len(plain) % 4) if b"=" not in plain else b""
        return pybase64.b64decode(plain + padding, validate=True)


def parse_json(body: bytes) -> Any:  # noqa: ANN401 - JSON is anything
    """Raises MalformedRequest."""
    if not body.strip():
        raise MalformedRequest("The request has no body. Send JSON.")
    try:
        return from_json(body, allow_inf_nan=False, catch_duplicate_keys=True)
    except ValueError as error:
        message = str(error)
        problem = "names a field twice" if message.startswith("Detected duplicate key") else "is not JSON"
        position = re.search(r"line \d+ column \d+$", message)
        raise MalformedRequest(f"The body {problem}{f' at {position[0]}' if position else ''}.") from error


def validate[M: BaseModel](model: type[M], data: Any) -> M:  # noqa: ANN401 - that is what is validated
    """Raises InvalidFields."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        raise InvalidFields([_describe(model, detail) for detail in details[:MAX_FIELD_ERRORS]]) from error


def _describe(model: type[BaseModel], detail: ErrorDetails) -> FieldError:
    field = ""
    for part in detail["loc"]:
        field += f"[{part}]" if isinstance(part, int) else f".{part}"
    message = _MESSAGES.get(detail["type"]) or detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden" and (meant := _find_meant(model, detail["loc"])):
        message += f"; use `{meant}`"
    return FieldError(field.removeprefix(".") or "body", message)


def _find_meant(model: type[BaseModel], location: Sequence[int | str]) -> str | None:
    """Find the known field that an unknown one resembles, beside it in the same model."""
    *path, name = location
    for part in path:
        inner = {field.alias: field.annotation for field in model.model_fields.values()}.get(str(part))
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return None
        model = inner
    return find_meant(str(name), [field.alias or key for key, field in model.model_fields.items()])
