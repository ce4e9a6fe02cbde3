"""Update expressions: SET, REMOVE, ADD and DELETE."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from tests.support.dynamodb.errors import Refusal, invalid
from tests.support.dynamodb.expressions import Expression, Literal, Operand, Parser, PathOperand, Scope
from tests.support.dynamodb.paths import Path, Steps, find
from tests.support.dynamodb.values import SETS, add_numbers, get_kind, make_set

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.dynamodb.values import Item, Value

_CLAUSES = ("SET", "REMOVE", "ADD", "DELETE")


@dataclass(frozen=True)
class Sum:
    """A number plus or minus another one."""

    sign: str
    left: Operand
    right: Operand

    def get(self, item: Item, scope: Scope) -> Value:
        left, right = _read(self.left, item, scope), _read(self.right, item, scope)
        if "N" not in left or "N" not in right:
            raise _incorrect_type()
        return {"N": add_numbers(left["N"], right["N"], 1 if self.sign == "+" else -1)}


@dataclass(frozen=True)
class Default:
    """if_not_exists."""

    path: PathOperand
    fallback: Operand

    def get(self, item: Item, scope: Scope) -> Value:
        return self.path.get(item, scope) or _read(self.fallback, item, scope)


@dataclass(frozen=True)
class Append:
    """list_append."""

    left: Operand
    right: Operand

    def get(self, item: Item, scope: Scope) -> Value:
        left, right = _read(self.left, item, scope), _read(self.right, item, scope)
        if "L" not in left or "L" not in right:
            raise _incorrect_type()
        return {"L": [*left["L"], *right["L"]]}


@dataclass(frozen=True)
class Action:
    """A change at one path. REMOVE has no operand."""

    clause: str
    path: Path
    operand: Operand | None = None


@dataclass
class Update(Expression):
    """A whole update."""

    actions: list[Action]

    def admit(self, scope: Scope) -> None:
        scope.admit(self)
        for action in self.actions:
            _check(action, scope)

    def list_paths(self, scope: Scope) -> list[Steps]:
        return [scope.resolve(action.path) for action in self.actions]

    def apply(self, old: Item, scope: Scope) -> Item:
        """Return the changed item. All actions see the old one, and places in lists are those in it."""
        new = dict(old)
        changes: list[tuple[Steps, Value | None]] = []
        for action in self.actions:
            steps = scope.resolve(action.path)
            if len(steps) > 1:
                root = _require_parent(old, steps)
                if new[root] is old[root]:
                    new[root] = deepcopy(old[root])
            changes.append((steps, _make_value(action, steps, old, scope)))
        for steps, value in sorted(changes, key=_order):
            if value is None:
                _remove(new, steps)
            else:
                _set(new, steps, value)
        return new


@cache
def parse_update(text: str) -> Update:
    """Raises Refusal."""
    parser = Parser("UpdateExpression", text)
    actions: list[Action] = []
    seen: set[str] = set()
    while clause := parser.accept(*_CLAUSES):
        if clause in seen:
            raise invalid(
                f'Invalid UpdateExpression: The "{clause}" section can only be used once in an update'
                " expression;"
            )
        seen.add(clause)
        actions.append(_parse_action(parser, clause))
        while parser.accept(","):
            actions.append(_parse_action(parser, clause))
    parser.end()
    if not actions:
        raise parser.make_error()
    paths = [action.path for action in actions]
    return Update(parser.kind, parser.aliases, parser.references, paths, actions)


def _parse_action(parser: Parser, clause: str) -> Action:
    path = parser.parse_path()
    match clause:
        case "REMOVE":
            return Action(clause, path)
        case "SET":
            parser.expect("=")
            return Action(clause, path, _parse_value(parser))
        case _:
            return Action(clause, path, parser.parse_literal())


def _parse_value(parser: Parser) -> Operand:
    left = _parse_operand(parser)
    sign = parser.accept("+", "-")
    return Sum(sign, left, _parse_operand(parser)) if sign else left


def _parse_operand(parser: Parser) -> Operand:
    if not parser.is_call:
        return parser.parse_operand()
    name = parser.take()
    parser.expect("(")
    left = _parse_value(parser)
    parser.expect(",")
    right = _parse_value(parser)
    parser.expect(")")
    if name == "list_append":
        return Append(left, right)
    if name != "if_not_exists":
        raise invalid(f"Invalid UpdateExpression: Invalid function name; function: {name}")
    if not isinstance(left, PathOperand):
        raise invalid(
            "Invalid UpdateExpression: Operator or function requires a document path; operator or function:"
            " if_not_exists"
        )
    return Default(left, right)


def _check(action: Action, scope: Scope) -> None:
    """Raises Refusal if a value of the request cannot stand where it stands."""
    match action:
        case Action("ADD", _, Literal() as literal):
            _require(literal, {"N", *SETS}, "ADD", scope)
        case Action("DELETE", _, Literal() as literal):
            _require(literal, {*SETS}, "DELETE", scope)
        case Action(_, _, Sum(sign, left, right)):
            for operand in (left, right):
                _require(operand, {"N"}, sign, scope)
        case Action(_, _, Append(left, right)):
            for operand in (left, right):
                _require(operand, {"L"}, "list_append", scope)


def _require(operand: Operand, kinds: set[str], name: str, scope: Scope) -> None:
    found = scope.get_kind(operand)
    if found and found not in kinds:
        raise invalid(
            "Invalid UpdateExpression: Incorrect operand type for operator or function; operator or function:"
            f" {name}, operand type: {found}"
        )


def _make_value(action: Action, steps: Steps, old: Item, scope: Scope) -> Value | None:
    """Return what the path has afterwards."""
    if action.operand is None:
        return None
    value = _read(action.operand, old, scope)
    return value if action.clause == "SET" else _CHANGES[action.clause](find(old, steps), value)


def _read(operand: Operand, item: Item, scope: Scope) -> Value:
    value = operand.get(item, scope)
    if value is None:
        raise invalid("The provided expression refers to an attribute that does not exist in the item")
    return value


def _add(old: Value | None, value: Value) -> Value:
    if old is None:
        return value
    if old.keys() != value.keys():
        raise _incorrect_type()
    ((kind, content),) = value.items()
    if kind == "N":
        return {"N": add_numbers(old["N"], content)}
    return make_set(kind, {*old[kind], *content})


def _subtract(old: Value | None, value: Value) -> Value | None:
    """Return None for a set that has become empty: there is none."""
    if old is None:
        return None
    if old.keys() != value.keys():
        raise _incorrect_type()
    kind = get_kind(value)
    left = {*old[kind]} - {*value[kind]}
    return make_set(kind, left) if left else None


_CHANGES: dict[str, Callable[[Value | None, Value], Value | None]] = {"ADD": _add, "DELETE": _subtract}


def _require_parent(item: Item, steps: Steps) -> str:
    """Return the name that the path begins with. Raises Refusal if the path leads nowhere."""
    parent = find(item, steps[:-1])
    if parent is None or ("L" if isinstance(steps[-1], int) else "M") not in parent:
        raise invalid("The document path provided in the update expression is invalid for update")
    return str(steps[0])


def _order(change: tuple[Steps, Any]) -> tuple[bool, list[int]]:
    """Set elements of lists from the first to the last, then remove them from the last to the first."""
    steps, value = change
    sign = -1 if value is None else 1
    return value is None, [sign * step for step in steps if isinstance(step, int)]


def _set(item: Item, steps: Steps, value: Value) -> None:
    *_, last = steps
    members = _get_members(item, steps)
    if isinstance(last, int) and last >= len(members):
        members.append(value)
    else:
        members[last] = value


def _remove(item: Item, steps: Steps) -> None:
    *_, last = steps
    members = _get_members(item, steps)
    if last in members or (isinstance(last, int) and last < len(members)):
        del members[last]


def _get_members(item: Item, steps: Steps) -> Any:  # noqa: ANN401 - a map or a list
    parent = find(item, steps[:-1]) if len(steps) > 1 else {"M": item}
    return (parent or {})["L" if isinstance(steps[-1], int) else "M"]


def _incorrect_type() -> Refusal:
    return invalid("An operand in the update expression has an incorrect data type")
