"""Metric math of CloudWatch, as far as the template uses it. A missing operand makes the result missing."""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.support.monitoring.datapoints import Values

OPERATORS: Mapping[type[ast.AST], Callable[[Any, Any], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.GtE: operator.ge,
    ast.Gt: operator.gt,
}


def evaluate(expression: str, operands: Mapping[str, Values]) -> Values:
    """Evaluate an expression for each period. Names are the ids of the operands."""
    tree = ast.parse(expression, mode="eval").body
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - {"IF"}
    columns = zip(*(operands[name] for name in sorted(used)), strict=True)
    return [_evaluate_once(tree, dict(zip(sorted(used), column, strict=True))) for column in columns]


def _evaluate_once(tree: ast.AST, values: Mapping[str, float | None]) -> float | None:
    if None in values.values():
        return None
    try:
        return float(_compute(tree, values))
    except ZeroDivisionError:
        return None


def _compute(node: ast.AST, values: Mapping[str, Any]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            value: float = values[name]
            return value
        case ast.BinOp(left=left, op=op, right=right) | ast.Compare(left=left, ops=[op], comparators=[right]):
            return OPERATORS[type(op)](_compute(left, values), _compute(right, values))
        case ast.Call(func=ast.Name(id="IF"), args=[condition, yes, no]):
            return _compute(yes if _compute(condition, values) else no, values)
        case _:
            raise NotImplementedError(ast.dump(node))
