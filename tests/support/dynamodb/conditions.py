"""Conditions: of writes, of filters and of queries."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from tests.support.dynamodb.errors import invalid
from tests.support.dynamodb.expressions import Expression, Operand, Parser, Scope
from tests.support.dynamodb.predicates import (
    ORDERS,
    Between,
    Comparison,
    Function,
    In,
    Junction,
    Node,
    Not,
    Size,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.dynamodb.paths import Path
    from tests.support.dynamodb.values import Item

_FUNCTIONS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
}


@dataclass
class Condition(Expression):
    """A whole condition."""

    root: Node
    mentioned: Sequence[Path]

    def admit(self, scope: Scope) -> None:
        scope.admit(self)
        self.root.check(self.kind, scope)

    def holds(self, item: Item, scope: Scope) -> bool:
        return self.root.holds(item, scope)


@cache
def parse_condition(kind: str, text: str) -> Condition:
    """Parse the expression of this kind. Raises Refusal."""
    parser = Parser(kind, text)
    root = _parse_junction(parser, "OR")
    parser.end()
    return Condition(kind, parser.aliases, parser.references, (), root, parser.paths)


def _parse_junction(parser: Parser, word: str) -> Node:
    parts = [_parse_part(parser, word)]
    while parser.accept(word):
        parts.append(_parse_part(parser, word))
    return parts[0] if len(parts) == 1 else Junction(word, parts)


def _parse_part(parser: Parser, word: str) -> Node:
    return _parse_junction(parser, "AND") if word == "OR" else _parse_negation(parser)


def _parse_negation(parser: Parser) -> Node:
    if parser.accept("NOT"):
        return Not(_parse_negation(parser))
    if not parser.accept("("):
        return _parse_comparison(parser)
    is_doubled = parser.next == "("
    begin = parser.place
    node = _parse_junction(parser, "OR")
    if is_doubled and parser.closes(begin):
        raise invalid(f"Invalid {parser.kind}: The expression has redundant parentheses;")
    parser.expect(")")
    return node


def _parse_comparison(parser: Parser) -> Node:
    if parser.is_call and parser.next != "size":
        return _parse_function(parser)
    left = _parse_operand(parser)
    if parser.accept("BETWEEN"):
        low = _parse_operand(parser)
        parser.expect("AND")
        return Between(left, low, _parse_operand(parser))
    if parser.accept("IN"):
        return In(left, _parse_arguments(parser))
    if sign := parser.accept("=", "<>", *ORDERS):
        return Comparison(sign, left, _parse_operand(parser))
    raise parser.make_error()


def _parse_function(parser: Parser) -> Node:
    name = parser.take()
    if name not in _FUNCTIONS:
        raise invalid(f"Invalid {parser.kind}: Invalid function name; function: {name}")
    operands = _parse_arguments(parser)
    if len(operands) != _FUNCTIONS[name]:
        raise invalid(
            f"Invalid {parser.kind}: Incorrect number of operands for operator or function; operator or"
            f" function: {name}, number of operands: {len(operands)}"
        )
    return Function(name, operands)


def _parse_arguments(parser: Parser) -> list[Operand]:
    parser.expect("(")
    operands = [_parse_operand(parser)]
    while parser.accept(","):
        operands.append(_parse_operand(parser))
    parser.expect(")")
    return operands


def _parse_operand(parser: Parser) -> Operand:
    if not (parser.is_call and parser.next == "size"):
        return parser.parse_operand()
    parser.take()
    parser.expect("(")
    operand = parser.parse_operand()
    parser.expect(")")
    return Size(operand)
