"""Document paths: how to find, take over and compare places in an item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support.dynamodb.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.support.dynamodb.values import Item, Value

type Steps = tuple[str | int, ...]
"""The name of an attribute, then names in maps and places in lists."""


@dataclass(frozen=True)
class Path:
    """A path as it is written, perhaps with names that are defined elsewhere."""

    steps: Steps

    def resolve(self, names: Mapping[str, str]) -> Steps:
        return tuple(names[step] if isinstance(step, str) and step[0] == "#" else step for step in self.steps)


def find(item: Item, steps: Steps) -> Value | None:
    value = item.get(steps[0])  # type: ignore[arg-type] # the first step is a name
    for step in steps[1:]:
        if value is None:
            return None
        value = get_child(value, step)
    return value


def get_child(value: Value, step: str | int) -> Value | None:
    if isinstance(step, str):
        members: dict[str, Value] = value.get("M", {})
        return members.get(step)
    elements: list[Value] = value.get("L", [])
    return elements[step] if step < len(elements) else None


def project(item: Item, paths: Iterable[Steps]) -> Item:
    """Return the parts of an item that these paths lead to. Lists lose their other elements."""
    tree: dict[Any, Any] = {}
    for steps in paths:
        node = tree
        for step in steps:
            node = node.setdefault(step, {})
    return _project(item, tree)


def require_distinct(paths: Sequence[Steps], kind: str) -> None:
    """Raises Refusal if one path leads through the end of another one."""
    for number, first in enumerate(paths):
        for second in paths[number + 1 :]:
            if first[0] == second[0] and (fault := _compare(first, second)):
                raise invalid(
                    f"Invalid {kind}: Two document paths {fault} with each other; must remove or rewrite one"
                    f" of these paths; path one: {_write(first)}, path two: {_write(second)}"
                )


def _compare(first: Steps, second: Steps) -> str | None:
    for one, other in zip(first, second, strict=False):
        if one != other:
            return None if type(one) is type(other) else "conflict"
    return "overlap"


def _write(steps: Steps) -> str:
    return f"[{', '.join(step if isinstance(step, str) else f'[{step}]' for step in steps)}]"


def _project(members: Mapping[str, Value], tree: Mapping[Any, Any]) -> Item:
    taken = {name: _take(members[name], node) for name, node in tree.items() if name in members}
    return {name: value for name, value in taken.items() if value is not None}


def _take(value: Value, tree: Mapping[Any, Any]) -> Value | None:
    if not tree:
        return value
    if "M" in value and (members := _project(value["M"], tree)):
        return {"M": members}
    places = sorted(step for step in tree if isinstance(step, int) and step < len(value.get("L", [])))
    taken = [_take(value["L"][place], tree[place]) for place in places]
    elements = [element for element in taken if element is not None]
    return {"L": elements} if elements else None
