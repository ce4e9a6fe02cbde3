"""Writes: parts of an update of one row, which add up to one expression."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shared.rows import Row


@dataclass(frozen=True)
class Write:
    """A part of one write: what it adds, sets and removes, and on which conditions."""

    added: Mapping[str, Any] = field(default_factory=dict)
    stamps: Mapping[str, Any] = field(default_factory=dict)
    removed: Sequence[str] = ()
    conditions: Sequence[str] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    """The values that the conditions name."""

    def __add__(self, other: Self) -> Write:
        return Write(
            {**self.added, **other.added},
            {**self.stamps, **other.stamps},
            [*self.removed, *other.removed],
            [*self.conditions, *other.conditions],
            {**self.values, **other.values},
        )

    @property
    def expression(self) -> str:
        parts = {
            "ADD": [f"#{name} :{name}" for name, amount in self.added.items() if amount],
            "SET": [f"#{name} = :{name}" for name in self.stamps],
            "REMOVE": [f"#{name}" for name in self.removed],
        }
        return " ".join(f"{action} {', '.join(terms)}" for action, terms in parts.items() if terms)

    @property
    def expression_values(self) -> Row:
        amounts = {name: amount for name, amount in self.added.items() if amount}
        return {**amounts, **self.stamps, **self.values}


def list_names(*expressions: str) -> dict[str, str]:
    """Return the attributes that expressions name, by their placeholders: `#name` stands for `name`."""
    return {f"#{name}": name for name in re.findall(r"#(\w+)", " ".join(expressions))}
