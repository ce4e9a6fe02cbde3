"""Requests to the engine, for tests of the engine itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.dynamodb.engine import Engine

TABLE = "images"


def ask(engine: Engine, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer to a request that succeeds."""
    status, answer = engine.respond(operation, body)
    assert status == 200, answer
    return answer


def refuse(engine: Engine, operation: str, body: Mapping[str, Any]) -> str:
    """Return the code of the answer to a request that does not succeed."""
    status, answer = engine.respond(operation, body)
    assert status == 400, answer
    code: str = answer["__type"].partition("#")[2]
    return code


def get(engine: Engine, sort: str) -> Any:  # noqa: ANN401 - JSON
    return ask(engine, "GetItem", read(sort)).get("Item")


def total(engine: Engine, operation: str) -> tuple[float, float]:
    """Read units and write units of all calls of an operation."""
    found = [each for each in engine.consumed if each.operation == operation]
    return sum(each.read_units for each in found), sum(each.write_units for each in found)


def make_key(sort: str) -> dict[str, Any]:
    return {"pk": {"S": "p"}, "sk": {"S": sort}}


def read(sort: str) -> dict[str, Any]:
    return {"TableName": TABLE, "Key": make_key(sort)}


def put(sort: str, *, n: int | None = None, **values: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    number = {} if n is None else {"n": {"N": str(n)}}
    return {"Put": {"TableName": TABLE, "Item": make_key(sort) | number | values}}


def add(sort: str) -> dict[str, Any]:
    """Add 1 to `n`."""
    values = {":one": {"N": "1"}}
    return {"Update": read(sort) | {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": values}}


def delete(sort: str) -> dict[str, Any]:
    return {"Delete": read(sort)}


def check(sort: str) -> dict[str, Any]:
    return {"ConditionCheck": read(sort) | {"ConditionExpression": "attribute_exists(pk)"}}
