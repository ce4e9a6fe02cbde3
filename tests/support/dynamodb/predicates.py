"""The parts that conditions are made of."""

from __future__ import annotations

import base64
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from tests.support.dynamodb.capacity import measure
from tests.support.dynamodb.errors import Refusal, invalid
from tests.support.dynamodb.expressions import Literal, Operand, PathOperand, Scope
from tests.support.dynamodb.values import ORDERED, SETS, get_kind, to_sortable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.support.dynamodb.values import Item, Value

MAX_OPTIONS = 100
TYPES = {"S", "N", "B", "BOOL", "NULL", "L", "M", *SETS}

ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Node(Protocol):
    """A part of a condition."""

    def holds(self, item: Item, scope: Scope) -> bool: ...

    def check(self, kind: str, scope: Scope) -> None:
        """Raises Refusal if the values of the request cannot stand where they stand."""


@dataclass(frozen=True)
class Size:
    """The length of a text or of a collection."""

    operand: PathOperand | Literal

    def get(self, item: Item, scope: Scope) -> Value | None:
        value = self.operand.get(item, scope)
        if value is None:
            return None
        ((kind, content),) = value.items()
        if kind == "B":
            return {"N": str(measure(value))}
        return {"N": str(len(content))} if kind in TYPES - {"N", "BOOL", "NULL"} else None


@dataclass(frozen=True)
class Comparison:
    """Two operands and a sign."""

    sign: str
    left: Operand
    right: Operand

    def holds(self, item: Item, scope: Scope) -> bool:
        left, right = self.left.get(item, scope), self.right.get(item, scope)
        match self.sign:
            case "=":
                return left is not None and left == right
            case "<>":
                return left != right
            case sign:
                return _compare(sign, left, right)

    def check(self, kind: str, scope: Scope) -> None:
        if self.left == self.right:
            raise invalid(
                f"Invalid {kind}: The first operand must be distinct from the remaining operands for this"
                f" operator or function; operator: {self.sign}"
            )
        if self.sign in ORDERS:
            for operand in (self.left, self.right):
                _require(operand, ORDERED, self.sign, kind, scope)


@dataclass(frozen=True)
class Between:
    """A range with both of its ends."""

    operand: Operand
    low: Operand
    high: Operand

    def holds(self, item: Item, scope: Scope) -> bool:
        value = self.operand.get(item, scope)
        low, high = self.low.get(item, scope), self.high.get(item, scope)
        return _compare("<=", low, value) and _compare("<=", value, high)

    def check(self, kind: str, scope: Scope) -> None:
        for operand in (self.operand, self.low, self.high):
            _require(operand, ORDERED, "BETWEEN", kind, scope)
        if not (isinstance(self.low, Literal) and isinstance(self.high, Literal)):
            return
        low, high = scope.values[self.low.name], scope.values[self.high.name]
        if get_kind(low) != get_kind(high):
            raise invalid(
                f"Invalid {kind}: The BETWEEN operator requires same data type for lower and upper bounds;"
                f" lower bound operand: AttributeValue: {low}, upper bound operand: AttributeValue: {high}"
            )
        if to_sortable(low) > to_sortable(high):  # type: ignore[operator] # they are of one type
            raise invalid(
                f"Invalid {kind}: The BETWEEN operator requires upper bound to be greater than or equal to"
                f" lower bound; lower bound operand: AttributeValue: {low}, upper bound operand:"
                f" AttributeValue: {high}"
            )


@dataclass(frozen=True)
class In:
    """A list of values."""

    operand: Operand
    options: Sequence[Operand]

    def holds(self, item: Item, scope: Scope) -> bool:
        value = self.operand.get(item, scope)
        return value is not None and any(value == option.get(item, scope) for option in self.options)

    def check(self, kind: str, scope: Scope) -> None:
        del scope
        if len(self.options) > MAX_OPTIONS:
            raise invalid(f"Invalid {kind}: The IN operator is provided with too many operands")


@dataclass(frozen=True)
class Function:
    """A call that is true or false."""

    name: str
    operands: Sequence[Operand]

    def holds(self, item: Item, scope: Scope) -> bool:
        values = [operand.get(item, scope) for operand in self.operands]
        if self.name == "attribute_not_exists":
            return values[0] is None
        if None in values:
            return False
        found: Any = values
        return _TESTS[self.name](*found)

    def check(self, kind: str, scope: Scope) -> None:
        if self.name == "begins_with":
            for operand in self.operands:
                _require(operand, {"S", "B"}, self.name, kind, scope)
        elif self.name == "attribute_type":
            _require(self.operands[1], {"S"}, self.name, kind, scope)
            literal = self.operands[1]
            if not (isinstance(literal, Literal) and scope.values[literal.name]["S"] in TYPES):
                raise invalid(f"Invalid {kind}: Invalid attribute type name found; type: {literal}")
        elif not isinstance(self.operands[0], PathOperand) and self.name.endswith("exists"):
            raise invalid(
                f"Invalid {kind}: Operator or function requires a document path; operator or function:"
                f" {self.name}"
            )


@dataclass(frozen=True)
class Junction:
    """AND or OR."""

    word: str
    parts: Sequence[Node]

    def holds(self, item: Item, scope: Scope) -> bool:
        combine = all if self.word == "AND" else any
        return combine(part.holds(item, scope) for part in self.parts)

    def check(self, kind: str, scope: Scope) -> None:
        for part in self.parts:
            part.check(kind, scope)


@dataclass(frozen=True)
class Not:
    """The contrary."""

    part: Node

    def holds(self, item: Item, scope: Scope) -> bool:
        return not self.part.holds(item, scope)

    def check(self, kind: str, scope: Scope) -> None:
        self.part.check(kind, scope)


def _require(operand: Operand, kinds: set[str], name: str, kind: str, scope: Scope) -> None:
    found = scope.get_kind(operand)
    if found and found not in kinds:
        raise _incorrect_operand(kind, name, found)


def _incorrect_operand(kind: str, name: str, found: str) -> Refusal:
    return invalid(
        f"Invalid {kind}: Incorrect operand type for operator or function; operator or function: {name},"
        f" operand type: {found}"
    )


def _compare(sign: str, left: Value | None, right: Value | None) -> bool:
    if left is None or right is None or left.keys() != right.keys() or get_kind(left) not in ORDERED:
        return False
    is_ordered: bool = ORDERS[sign](to_sortable(left), to_sortable(right))
    return is_ordered


def _has_type(value: Value, name: Value) -> bool:
    return get_kind(value) == str(name["S"])


def _begins_with(value: Value, prefix: Value) -> bool:
    if value.keys() != prefix.keys() or get_kind(value) not in {"S", "B"}:
        return False
    whole: Any = to_sortable(value)
    return bool(whole.startswith(to_sortable(prefix)))


def _contains(value: Value, element: Value) -> bool:
    ((kind, content),) = value.items()
    ((element_kind, element_content),) = element.items()
    if kind == "L":
        return element in content
    if kind in SETS:
        return SETS[kind] == element_kind and element_content in content
    if kind != element_kind or kind not in {"S", "B"}:
        return False
    if kind == "B":
        return base64.b64decode(element_content) in base64.b64decode(content)
    return str(element_content) in str(content)


_TESTS: dict[str, Callable[..., bool]] = {
    "attribute_exists": lambda _: True,
    "attribute_type": _has_type,
    "begins_with": _begins_with,
    "contains": _contains,
}
