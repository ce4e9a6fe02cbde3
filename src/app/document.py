"""The OpenAPI document: the routes that Powertools knows, with their bodies, queries and errors.

People read it in Swagger UI, and generators make clients of it.
"""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from app import VERSION
from app.access.callers import USER_ID_HEADER
from app.documentation import TITLE
from app.openapi import COMPONENT, CONDITIONAL, FORM, JSON, KEYED, QUERY, Json, describe_failure
from app.requests.fields import IDEMPOTENCY_KEY_HEADER, IDEMPOTENCY_KEY_PATTERN, Input
from app.responses.errors import get_status
from app.responses.outputs import Problem
from shared import errors
from shared.details import UserId

DESCRIPTION = "Upload, verify, process, list, share and delete images."

# Powertools describes every response as JSON.
EMPTY_STATUSES = {"204", "302", "304"}

CALLER_TAGS = {"images", "links", "items", "legacy", "limits", "me"}
PERSONAL_TAGS = {"items", "me", "legacy"}  # which need a token to read, too

# The header that makes a request conditional, by the status of its response.
CONDITIONS = {
    str(int(HTTPStatus.NOT_MODIFIED)): ("If-None-Match", "ETags that the client has already."),
    str(int(HTTPStatus.PRECONDITION_FAILED)): ("If-Match", "ETags that the request may change."),
}


def describe_api(app: APIGatewayRestResolver, base_url: str, auth_mode: str) -> Json:
    """Make the whole document."""
    from aws_lambda_powertools.event_handler.openapi.models import Server  # noqa: PLC0415 - documents only

    document: Json = app.get_openapi_schema(
        title=TITLE,
        version=VERSION,
        description=DESCRIPTION,
        servers=[Server(url=base_url)],
    ).model_dump(mode="json", by_alias=True, exclude_none=True)
    for methods in document["paths"].values():
        for method, operation in methods.items():
            _describe_operation(method, operation, auth_mode)
    document["paths"] |= _split_formats(document["paths"])
    document["components"] = {"schemas": _collect_schemas(document)}
    if auth_mode == "jwt":
        document["components"]["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        }
    return document


def _split_formats(paths: Json) -> Json:
    """Take JSON out of the operations that take a form too, and return operations of its own for it.

    Some generators make one client of an operation, and mix its formats up: they send a form as JSON. A path
    that ends in a slash is the same for the service.
    """
    split: Json = {}
    for path, methods in paths.items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            if FORM not in content:
                continue
            twin = deepcopy(operation)
            twin["operationId"] += "AsJson"
            twin["summary"] += ". In JSON"
            twin["requestBody"]["content"] = {JSON: content.pop(JSON)}
            split[f"{path}/"] = {method: twin}
    return split


def _describe_operation(method: str, operation: Json, auth_mode: str) -> None:
    if operation.pop(KEYED, method == "post"):
        _describe_key(operation)
    _describe_query(operation)
    _describe_conditions(operation)
    if CALLER_TAGS & set(operation["tags"]):
        if auth_mode == "jwt":
            is_needed = method != "get" or not PERSONAL_TAGS.isdisjoint(operation["tags"])
            _describe_token(operation, is_needed=is_needed)
        else:
            _describe_user(operation)
    for status in EMPTY_STATUSES & operation["responses"].keys():
        del operation["responses"][status]["content"]


def _describe_query(operation: Json) -> None:
    if QUERY not in operation:
        return
    fields = _simplify(_get_input(operation.pop(QUERY)).model_json_schema(ref_template=COMPONENT))[
        "properties"
    ]
    _say_defaults(fields)
    operation["parameters"] = operation.get("parameters", []) + [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": field.pop("description", ""),
            "schema": field,
        }
        for name, field in fields.items()
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
        operation["responses"].setdefault(str(int(get_status(kind))), describe_failure(get_status(kind)))


def _describe_conditions(operation: Json) -> None:
    statuses = {*operation["responses"]}
    if operation.pop(CONDITIONAL, False):
        statuses.add(str(int(HTTPStatus.PRECONDITION_FAILED)))
    operation.setdefault("parameters", []).extend(
        {
            "name": name,
            "in": "header",
            "required": False,
            "description": description,
            "schema": {"type": "string"},
        }
        for status, (name, description) in CONDITIONS.items()
        if status in statuses
    )


def _describe_token(operation: Json, *, is_needed: bool) -> None:
    operation["security"] = [{"token": []}] if is_needed else [{"token": []}, {}]
    operation["responses"]["401"] = describe_failure(HTTPStatus.UNAUTHORIZED)


def _describe_user(operation: Json) -> None:
    operation.setdefault("parameters", []).append(
        {
            "name": USER_ID_HEADER,
            "in": "header",
            "required": "me" in operation["tags"],
            "description": "The caller. Without it, an upload names its user in `userId`.",
            "schema": TypeAdapter(UserId).json_schema(),
        }
    )


def _collect_schemas(document: Json) -> Json:
    """Return the schemas that the document refers to, and those that these refer to."""
    schemas: Json = document["components"]["schemas"]
    pending = _find_references(document["paths"])
    unknown = sorted(pending - schemas.keys() - {Problem.__name__})
    models: list[type[BaseModel]] = [Problem, *map(_get_input, unknown)]
    _, made = models_json_schema([(model, "validation") for model in models], ref_template=COMPONENT)
    for schema in made["$defs"].values():
        _say_defaults(schema.get("properties", {}))
    schemas = {name: _simplify(schema) for name, schema in (schemas | made["$defs"]).items()}
    found: set[str] = set()
    while pending:
        found |= pending
        pending = _find_references([schemas[name] for name in pending]) - found
    return {name: schemas[name] for name in sorted(found)}


def _find_references(part: Any) -> set[str]:  # noqa: ANN401 - JSON is anything
    return {*re.findall(COMPONENT.format(model=r"(\w+)"), json.dumps(part))}


def _simplify(schema: Json) -> Json:
    """Drop what says nothing, and what generators stumble over: titles of fields, and a type of anything."""
    for field in schema.get("properties", {}).values():
        field.pop("title", None)
        if field.get("additionalProperties") == {"$ref": COMPONENT.format(model="JsonValue")}:
            field["additionalProperties"] = True
    return schema


def _say_defaults(fields: Json) -> None:
    """Say defaults in words. Of a schema, clients send them, or demand the field."""
    for field in fields.values():
        default = field.pop("default", None)
        if isinstance(default, str | int) and "$ref" not in field:  # some generators lose the type otherwise
            words = f"`{default if isinstance(default, str) else json.dumps(default)}` if it is left out."
            field["description"] = f"{field.get('description', '')} {words}".strip()


def _get_input(name: str) -> type[Input]:
    return next(model for model in _list_inputs(Input) if model.__name__ == name)


def _list_inputs(base: type[Input]) -> Iterator[type[Input]]:
    for model in base.__subclasses__():
        yield model
        yield from _list_inputs(model)
