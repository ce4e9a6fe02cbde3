"""The words of routes for the OpenAPI document: their responses, bodies and queries."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from app.requests.fields import Input
from app.responses.errors import PROBLEM_TYPE, get_status
from shared import errors
from shared.errors import DomainError
from shared.inspection import CONTENT_TYPES
from shared.variants import VariantFormat

COMPONENT = "#/components/schemas/{model}"

BODY_ERRORS = (errors.MalformedRequest, errors.TooLarge, errors.UnsupportedMediaType, errors.InvalidFields)
READ_ERRORS = (errors.NotFound, errors.InvalidFields)
CHANGE_ERRORS = (
    errors.Forbidden,
    errors.NotFound,
    errors.Conflict,
    errors.PreconditionFailed,
    errors.InvalidFields,
)

# A route names its models until the document is asked for: schemas are not made at every start.
QUERY = "x-query"
KEYED = "x-keyed"
TAKES_KEY = {KEYED: True}
"""Of the `openapi_extensions` of a route that takes an Idempotency-Key and is no POST."""
CONDITIONAL = "x-conditional"
TAKES_IF_MATCH = {CONDITIONAL: True}
"""Of the `openapi_extensions` of a route that compares If-Match, and tells of it inside its response."""

type Json = dict[str, Any]

BINARY: Json = {"type": "string", "format": "binary"}
FORM = "multipart/form-data"
JSON = "application/json"
OCTETS = "application/octet-stream"
HEADER: Json = {"required": True, "schema": {"type": "string"}}
NOT_MODIFIED = {
    int(HTTPStatus.NOT_MODIFIED): {
        "description": HTTPStatus.NOT_MODIFIED.phrase,
        "headers": {"ETag": HEADER},
    }
}
RETRY_AFTER = {"Retry-After": HEADER}
FAILURE_HEADERS: dict[HTTPStatus, Json] = {
    HTTPStatus.UNAUTHORIZED: {
        "WWW-Authenticate": {
            "description": "API Gateway renames it to x-amzn-Remapped-WWW-Authenticate.",
            "schema": {"type": "string"},
        }
    },
    HTTPStatus.TOO_MANY_REQUESTS: RETRY_AFTER,
    HTTPStatus.SERVICE_UNAVAILABLE: RETRY_AFTER,
}


def responds(
    model: type[BaseModel] | None,
    *kinds: type[DomainError],
    status: int = HTTPStatus.OK,
    headers: Sequence[str] = (),
) -> dict[int, Any]:
    """Make the `responses` of a route: its own response with its headers, its errors, and the errors that
    any route may have.
    """
    success: Json = {"description": HTTPStatus(status).phrase}
    if model:
        success["content"] = {JSON: {"model": model}}
    if headers:
        success["headers"] = dict.fromkeys(headers, HEADER)
    statuses = {get_status(kind) for kind in (*kinds, errors.Unavailable)}
    statuses.add(HTTPStatus.TOO_MANY_REQUESTS)  # API Gateway responds with it
    failures = sorted({*statuses, HTTPStatus.INTERNAL_SERVER_ERROR})
    return {int(status): success} | {int(failure): describe_failure(failure) for failure in failures}


def responds_with_bytes(formats: Sequence[VariantFormat], *kinds: type[DomainError]) -> dict[int, Any]:
    """Make the `responses` of a route that returns a picture in one of these formats."""
    described = responds(None, *kinds, headers=("ETag", "Cache-Control", "Content-Disposition"))
    # Some generators know no other type of bytes, and would leave the response out.
    media_types = [*(chosen.content_type for chosen in formats), OCTETS]
    described[int(HTTPStatus.OK)]["content"] = {name: {"schema": BINARY} for name in media_types}
    return NOT_MODIFIED | described


def responds_with_page(model: type[BaseModel], *kinds: type[DomainError]) -> dict[int, Any]:
    """Make the `responses` of a listing."""
    described = responds(model, *kinds)
    described[int(HTTPStatus.OK)]["headers"] = {
        "Link": {
            "description": 'The URL of the next page, with `rel="next"`. The last page has none.',
            "schema": {"type": "string"},
        }
    }
    return described


def reuses(model: type[BaseModel]) -> dict[int, Any]:
    """Make the other success of an upload: an image that was there, in place of a new one."""
    return {
        int(HTTPStatus.OK): {
            "description": "An image with the same bytes was there, and `onDuplicate` is `reuse`.",
            "content": {JSON: {"model": model}},
            "headers": dict.fromkeys(("Location", "ETag"), HEADER),
        }
    }


def describe_failure(status: HTTPStatus) -> Json:
    problem = {"schema": {"$ref": COMPONENT.format(model="Problem")}}
    failure: Json = {"description": status.phrase, "content": {PROBLEM_TYPE: problem}}
    if headers := FAILURE_HEADERS.get(status):
        failure["headers"] = headers
    return failure


def accepts(model: type[Input], *media_types: str, required: bool = True) -> Json:
    """Make the `openapi_extensions` of a route that reads a JSON body."""
    body = {"schema": _refer_to(model), "example": model.example}
    return {
        "requestBody": {
            "required": required,
            "content": dict.fromkeys((JSON, *media_types), body),
        }
    }


def accepts_upload(model: type[Input], form: type[Input]) -> Json:
    """Make the `openapi_extensions` of a route that reads a file, in a form or in JSON."""
    in_json = accepts(model)["requestBody"]["content"]
    content = {FORM: {"schema": _refer_to(form)}} | in_json
    return {"requestBody": {"required": True, "content": content}}


def accepts_image(model: type[Input], form: type[Input]) -> Json:
    """Make the `openapi_extensions` of a route that reads an image in any format.

    The query of bytes alone is left out: its names are those of the form, and clients would send both.
    """
    body = accepts_upload(model, form)
    content = body["requestBody"]["content"]
    content[FORM]["encoding"] = {"file": {"contentType": ", ".join(CONTENT_TYPES.values())}}
    content[OCTETS] = {"schema": BINARY}
    return body


def takes_query(model: type[Input]) -> Json:
    """Make the `openapi_extensions` of a route that reads its query into a model of optional fields."""
    return {QUERY: model.__name__}


def reads_query(extensions: Json) -> bool:
    """Tell if a route with these `openapi_extensions` reads its query: with bytes alone come fields there."""
    return QUERY in extensions or OCTETS in extensions.get("requestBody", {}).get("content", {})


def _refer_to(model: type[Input]) -> Json:
    return {"$ref": COMPONENT.format(model=model.__name__)}
