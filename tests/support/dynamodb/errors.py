"""The ways in which DynamoDB refuses a request."""

from __future__ import annotations

from typing import Any

_DATABASE = "com.amazonaws.dynamodb.v20120810#"
_COMMON = "com.amazon.coral.validate#"


class Refusal(Exception):
    """An answer with status 400. `fields` stand beside the message."""

    def __init__(self, code: str, message: str, **fields: Any) -> None:  # noqa: ANN401 - JSON
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = fields

    def make_body(self) -> dict[str, Any]:
        space = _COMMON if self.code == "ValidationException" else _DATABASE
        return {"__type": space + self.code, "message": self.message, **self.fields}


def invalid(message: str) -> Refusal:
    return Refusal("ValidationException", message)


def invalid_parameter(message: str) -> Refusal:
    return invalid(f"One or more parameter values were invalid: {message}")


def missing_table(name: str) -> Refusal:
    return Refusal("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found")


def failed_condition(item: dict[str, Any] | None) -> Refusal:
    fields = {} if item is None else {"Item": item}
    return Refusal("ConditionalCheckFailedException", "The conditional request failed", **fields)


def conflicting_write() -> Refusal:
    return Refusal("TransactionConflictException", "Transaction is ongoing for the item")


def cancelled(reasons: list[dict[str, Any]]) -> Refusal:
    codes = ", ".join(reason["Code"] for reason in reasons)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    return Refusal("TransactionCanceledException", message, CancellationReasons=reasons)
