"""The OpenAPI document: the routes that Powertools knows, with their bodies, queries and errors."""

import json
import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from app import VERSION
from app.access.callers import USER_ID_HEADER, UserId
from app.requests.fields import IDEMPOTENCY_KEY_HEADER, IDEMPOTENCY_KEY_PATTERN, Input
from app.responses.errors import PROBLEM_TYPE, get_status
from app.responses.outputs import Problem
from shared import errors
from shared.errors import DomainError
from shared.inspection import CONTENT_TYPES
from shared.renditions import RENDITION_TYPE

DESCRIPTION = "Upload, verify, process, list, share and delete images."
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

# Powertools describes every response as JSON.
EMPTY_STATUSES = {"204", "302", "304"}

CALLER_TAGS = {"images", "links", "items", "legacy", "limits", "me"}
PERSONAL_TAGS = {"items", "me", "legacy"}  # which need a token to read, too

# A route names its models until the document is asked for: schemas are not made at every start.
QUERY = "x-query"
FORM_FIELDS = "x-form-fields"
KEYED = "x-keyed"
TAKES_KEY = {KEYED: True}
"""Of the `openapi_extensions` of a route that takes an Idempotency-Key and is no POST."""

type Json = dict[str, Any]

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

# The header that makes a request conditional, by the status of its response.
CONDITIONS = {
    str(int(HTTPStatus.NOT_MODIFIED)): ("If-None-Match", "ETags that the client has already."),
    str(int(HTTPStatus.PRECONDITION_FAILED)): ("If-Match", "ETags that the request may change."),
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
        success["content"] = {"application/json": {"model": model}}
    if headers:
        success["headers"] = dict.fromkeys(headers, HEADER)
    statuses = {get_status(kind) for kind in (*kinds, errors.Unavailable)}
    statuses.add(HTTPStatus.TOO_MANY_REQUESTS)  # API Gateway responds with it
    failures = sorted({*statuses, HTTPStatus.INTERNAL_SERVER_ERROR})
    return {int(status): success} | {int(failure): _describe_failure(failure) for failure in failures}


def responds_with_bytes(*kinds: type[DomainError]) -> dict[int, Any]:
    """Make the `responses` of a route that returns a picture."""
    picture = {"schema": {"type": "string", "contentMediaType": RENDITION_TYPE}}
    described = responds(None, *kinds, headers=("ETag", "Cache-Control", "Content-Disposition"))
    described[int(HTTPStatus.OK)]["content"] = {RENDITION_TYPE: picture}
    return NOT_MODIFIED | described


def _describe_failure(status: HTTPStatus) -> Json:
    problem = {"schema": {"$ref": COMPONENT.format(model="Problem")}}
    failure: Json = {"description": status.phrase, "content": {PROBLEM_TYPE: problem}}
    if headers := FAILURE_HEADERS.get(status):
        failure["headers"] = headers
    return failure


def accepts(model: type[BaseModel], *media_types: str, required: bool = True) -> Json:
    """Make the `openapi_extensions` of a route that reads a JSON body."""
    schema = {"schema": _refer_to(model)}
    return {
        "requestBody": {
            "required": required,
            "content": dict.fromkeys(("application/json", *media_types), schema),
        }
    }


def accepts_upload(model: type[BaseModel], fields: type[BaseModel] | None = None) -> Json:
    """Make the `openapi_extensions` of a route that reads a file, in JSON or in a form with more fields."""
    body = accepts(model)
    body["requestBody"]["content"]["multipart/form-data"] = {}
    return body | {FORM_FIELDS: fields.__name__ if fields else ""}


def accepts_image(model: type[BaseModel], fields: type[BaseModel], query: type[BaseModel]) -> Json:
    """Make the `openapi_extensions` of a route that reads an image in any format."""
    body = accepts_upload(model, fields)
    body["requestBody"]["content"] |= {name: {} for name in CONTENT_TYPES.values()}
    return body | takes_query(query)


def takes_query(model: type[BaseModel]) -> Json:
    """Make the `openapi_extensions` of a route that reads its query into a model of optional fields."""
    return {QUERY: model.__name__}


def describe_api(app: APIGatewayRestResolver, base_url: str, auth_mode: str) -> Json:
    """Make the whole document."""
    from aws_lambda_powertools.event_handler.openapi.models import Server  # noqa: PLC0415 - documents only

    document: Json = app.get_openapi_schema(
        title="Image upload service",
        version=VERSION,
        description=DESCRIPTION,
        servers=[Server(url=base_url)],
    ).model_dump(mode="json", by_alias=True, exclude_none=True)
    _, definitions = models_json_schema(
        [(model, "validation") for model in _find_models(document)], ref_template=COMPONENT
    )
    document["components"]["schemas"] |= definitions["$defs"]
    if auth_mode == "jwt":
        document["components"]["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        }
    for path in document["paths"].values():
        for method, operation in path.items():
            if operation.pop(KEYED, method == "post"):
                _describe_key(operation)
            _describe_form(operation)
            _describe_query(operation)
            _describe_conditions(operation)
            if CALLER_TAGS & set(operation["tags"]):
                if auth_mode == "jwt":
                    _describe_token(
                        operation,
                        is_needed=method != "get" or not PERSONAL_TAGS.isdisjoint(operation["tags"]),
                    )
                else:
                    _describe_user(operation)
            for status in EMPTY_STATUSES & operation["responses"].keys():
                del operation["responses"][status]["content"]
    return document


def _describe_form(operation: Json) -> None:
    if FORM_FIELDS not in operation:
        return
    form: Json = {
        "type": "object",
        "properties": {
            "file": {"type": "string", "minLength": 1, "contentMediaType": "application/octet-stream"}
        },
        "required": ["file"],
        "additionalProperties": False,
    }
    content = operation["requestBody"]["content"]
    content["multipart/form-data"] = {"schema": form}
    if fields := operation.pop(FORM_FIELDS):
        form["properties"] |= _get_properties(_get_input(fields))
        image_types = ", ".join(CONTENT_TYPES.values())
        content["multipart/form-data"]["encoding"] = {"file": {"contentType": image_types}}


def _describe_query(operation: Json) -> None:
    if QUERY not in operation:
        return
    operation["parameters"] = operation.get("parameters", []) + [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in _get_properties(_get_input(operation.pop(QUERY))).items()
    ]


def _describe_key(operation: Json) -> None:
    schema = {"type": "string", "pattern": f"^{IDEMPOTENCY_KEY_PATTERN}$"}
    operation.setdefault("parameters", []).append(
        {
            "name": IDEMPOTENCY_KEY_HEADER,
            "in": "header",
            "required": False,
            "description": "Makes a retry safe: for a day, the same request does not happen again.",
            "schema": schema,
        }
    )
    for kind in (errors.StillRunning, errors.KeyReused, errors.NotFound):
        operation["responses"].setdefault(str(int(get_status(kind))), _describe_failure(get_status(kind)))


def _describe_conditions(operation: Json) -> None:
    operation.setdefault("parameters", []).extend(
        {
            "name": name,
            "in": "header",
            "required": False,
            "description": description,
            "schema": {"type": "string"},
        }
        for status, (name, description) in CONDITIONS.items()
        if status in operation["responses"]
    )


def _describe_token(operation: Json, *, is_needed: bool) -> None:
    operation["security"] = [{"token": []}] if is_needed else [{"token": []}, {}]
    operation["responses"]["401"] = _describe_failure(HTTPStatus.UNAUTHORIZED)


def _describe_user(operation: Json) -> None:
    operation.setdefault("parameters", []).append(
        {
            "name": USER_ID_HEADER,
            "in": "header",
            "required": "me" in operation["tags"],
            "description": "The caller.",
            "schema": TypeAdapter(UserId).json_schema(),
        }
    )


def _find_models(document: Json) -> list[type[BaseModel]]:
    """Find the models that the document refers to and does not define."""
    names = {*re.findall(COMPONENT.format(model=r"(\w+)"), json.dumps(document))}
    missing = sorted(names - document["components"]["schemas"].keys() - {Problem.__name__})
    return [Problem, *map(_get_input, missing)]


def _get_input(name: str) -> type[Input]:
    return next(model for model in _list_inputs(Input) if model.__name__ == name)


def _list_inputs(base: type[Input]) -> Iterator[type[Input]]:
    for model in base.__subclasses__():
        yield model
        yield from _list_inputs(model)


def _refer_to(model: type[BaseModel]) -> Json:
    return {"$ref": COMPONENT.format(model=model.__name__)}


def _get_properties(model: type[BaseModel]) -> Json:
    """Return the fields of a query or a form. They cannot be null: a client leaves them out."""
    schema = model.model_json_schema()
    definitions = schema.get("$defs", {})
    return {name: _drop_null(_inline(part, definitions)) for name, part in schema["properties"].items()}


def _drop_null(schema: Json) -> Json:
    if "anyOf" not in schema:
        return schema
    (value,) = (part for part in schema["anyOf"] if part != {"type": "null"})
    return {**value, **{name: part for name, part in schema.items() if name not in {"anyOf", "default"}}}


def _inline(schema: Any, definitions: Json) -> Any:  # noqa: ANN401 - JSON is anything
    """Replace references by their definitions: outside of their model they would point nowhere."""
    if isinstance(schema, list):
        return [_inline(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _inline(definitions[name] | {k: v for k, v in schema.items() if k != "$ref"}, definitions)
    return {name: _inline(part, definitions) for name, part in schema.items()}
