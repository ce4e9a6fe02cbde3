"""Key conditions: which rows of a partition a query reads."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support.dynamodb.conditions import parse_condition
from tests.support.dynamodb.errors import Refusal, invalid, invalid_parameter
from tests.support.dynamodb.expressions import Literal, PathOperand, Scope
from tests.support.dynamodb.predicates import Between, Comparison, Function, Junction
from tests.support.dynamodb.values import get_kind, to_sortable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.dynamodb.predicates import Node
    from tests.support.dynamodb.tables import Table
    from tests.support.dynamodb.values import Sortable, Value

KIND = "KeyConditionExpression"


@dataclass
class KeyRange:
    """A partition, and a test of the sort key: the sign, and the values that follow it."""

    partition: Sortable
    sign: str = ""
    bounds: Sequence[Any] = ()

    def select(self, sorts: Sequence[Any]) -> tuple[int, int]:
        """Return where the range begins and ends among the sort keys of its partition."""
        if not self.sign:
            return 0, len(sorts)
        low, high = self.bounds[0], self.bounds[-1]
        begin = 0 if self.sign.startswith("<") else bisect_left(sorts, low)
        match self.sign:
            case "<":
                return begin, bisect_left(sorts, high)
            case ">":
                return bisect_right(sorts, low), len(sorts)
            case ">=":
                return begin, len(sorts)
            case "begins_with":
                end = bisect_left(sorts, x=True, lo=begin, key=lambda sort: not sort.startswith(low))
                return begin, end
            case _:
                return begin, bisect_right(sorts, high)


def read_range(table: Table, text: str, scope: Scope) -> KeyRange:
    """Raises Refusal if the condition is not one on the table's key."""
    condition = parse_condition(KIND, text)
    condition.admit(scope)
    tests = [_read_test(part, scope) for part in _split(condition.root)]
    named = {name: (sign, bounds) for name, sign, bounds in tests}
    if len(named) < len(tests):
        raise invalid("KeyConditionExpressions must only contain one condition per key")
    if table.partition_name not in named:
        raise invalid(f"Query condition missed key schema element: {table.partition_name}")
    if unknown := named.keys() - table.keys.keys():
        missing = table.sort_name if table.sort_name and table.sort_name not in named else unknown.pop()
        raise invalid(f"Query condition missed key schema element: {missing}")
    for name, (_, bounds) in named.items():
        _require_kind(bounds, table.keys[name], name)
    sign, bounds = named.pop(table.partition_name)
    if sign != "=":
        raise _not_supported()
    key_range = KeyRange(to_sortable(bounds[0]))
    for sign, bounds in named.values():
        key_range = KeyRange(key_range.partition, sign, [to_sortable(bound) for bound in bounds])
    return key_range


def _split(node: Node) -> Sequence[Node]:
    if isinstance(node, Junction) and node.word == "AND":
        return [part for inner in node.parts for part in _split(inner)]
    return [node]


def _read_test(node: Node, scope: Scope) -> tuple[str, str, list[Value]]:
    match node:
        case Comparison(sign, PathOperand() as operand, Literal() as literal) if sign != "<>":
            return _read_name(operand, scope), sign, [scope.values[literal.name]]
        case Comparison(sign, Literal() as literal, PathOperand() as operand) if sign != "<>":
            mirrored = sign.translate(str.maketrans("<>", "><"))
            return _read_name(operand, scope), mirrored, [scope.values[literal.name]]
        case Between(PathOperand() as operand, Literal() as low, Literal() as high):
            return _read_name(operand, scope), "BETWEEN", [scope.values[low.name], scope.values[high.name]]
        case Function("begins_with", [PathOperand() as operand, Literal() as literal]):
            return _read_name(operand, scope), "begins_with", [scope.values[literal.name]]
    raise invalid(f"Invalid {KIND}: Invalid operator used in {KIND}")


def _read_name(operand: PathOperand, scope: Scope) -> str:
    steps = scope.resolve(operand.path)
    if len(steps) > 1:
        raise invalid(f"Invalid {KIND}: {KIND}s cannot have conditions on nested attributes")
    return str(steps[0])


def _require_kind(bounds: Sequence[Value], kind: str, name: str) -> None:
    for bound in bounds:
        if get_kind(bound) != kind:
            raise invalid_parameter("Condition parameter type does not match schema type")
        if not bound[kind]:
            raise invalid(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot"
                f" contain an empty string value. Key: {name}"
            )


def _not_supported() -> Refusal:
    return invalid("Query key condition not supported")
