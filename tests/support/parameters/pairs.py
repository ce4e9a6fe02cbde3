"""A few sets of parameters in which every two values of two parameters occur together.

A greedy search, as in AETG (Cohen, Dalal, Fredman and Patton, 1997). It is the same each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations, product
from typing import TYPE_CHECKING

from tests.support.parameters.choices import list_choices, list_rules

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from tests.support.parameters.choices import Choices, Parameters, Rule

type Pair = tuple[tuple[str, str], tuple[str, str]]


@dataclass(frozen=True)
class Cover:
    """Sets of parameters, and the pairs that no set can have."""

    sets: Sequence[Parameters]
    impossible: Sequence[Pair]


@cache
def cover_template() -> Cover:
    return cover_pairs(list_choices(), list_rules())


def cover_pairs(choices: Choices, rules: Sequence[Rule]) -> Cover:
    """Make sets until each pair of values is in one of them, if the rules take any set with it."""
    search = Search(choices, rules)
    missing = dict.fromkeys(list_pairs(choices))
    sets, impossible = [], []
    while missing:
        pair = next(iter(missing))
        found = search.complete(dict(pair), missing.keys())
        if found is None:
            impossible.append(pair)
            del missing[pair]
            continue
        found = {name: found[name] for name in choices}
        for pair in combinations(found.items(), 2):
            missing.pop(pair, None)
        sets.append(found)
    return Cover(sets, impossible)


def list_pairs(choices: Choices) -> Iterator[Pair]:
    for (one, values), (other, other_values) in combinations(choices.items(), 2):
        yield from (((one, value), (other, another)) for value, another in product(values, other_values))


class Search:
    """Looks for a set that has given values, and that all rules take."""

    def __init__(self, choices: Choices, rules: Sequence[Rule]) -> None:
        self._choices = choices
        self._places = {name: place for place, name in enumerate(choices)}
        self._rules: Mapping[str, list[Rule]] = {
            name: [rule for rule in rules if name in rule.parameters] for name in choices
        }
        # What the rules know comes first, so that a dead end shows early.
        self._order = sorted(choices, key=lambda name: -len(self._rules[name]))

    def complete(self, chosen: Parameters, wanted: Collection[Pair]) -> Parameters | None:
        """Choose the rest, with many wanted pairs. None if the rules take nothing with these values."""
        if not all(rule.allows(chosen) for name in chosen for rule in self._rules[name]):
            return None
        name = next((name for name in self._order if name not in chosen), None)
        if name is None:
            return chosen
        for value in sorted(
            self._choices[name], key=lambda value: -self._count_wanted(chosen, (name, value), wanted)
        ):
            found = self.complete({**chosen, name: value}, wanted)
            if found is not None:
                return found
        return None

    def _count_wanted(self, chosen: Parameters, new: tuple[str, str], wanted: Collection[Pair]) -> int:
        place = self._places
        return sum(
            ((old, new) if place[old[0]] < place[new[0]] else (new, old)) in wanted for old in chosen.items()
        )
