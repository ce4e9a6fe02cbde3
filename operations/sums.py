"""Sums over the rows of a table, for a limited number of keys at a time."""

from dataclasses import dataclass, field
from typing import Any

from shared.rows import Key


@dataclass
class Sums[Amount: Any]:
    """The sums of a limited number of keys: the first ones that come after `after`."""

    after: Key
    max_keys: int
    by_key: dict[Key, Amount] = field(default_factory=dict)
    last: Key | None = None
    """The last key that has a sum. None if no keys come after the summed ones."""

    def add(self, key: Key, amount: Amount) -> None:
        if key <= self.after or (self.last and key > self.last):
            return
        self.by_key[key] = self.by_key[key] + amount if key in self.by_key else amount
        if len(self.by_key) > 2 * self.max_keys:
            self.cut()

    def cut(self) -> None:
        if len(self.by_key) > self.max_keys:
            self.by_key = {key: self.by_key[key] for key in sorted(self.by_key)[: self.max_keys]}
            self.last = max(self.by_key)
