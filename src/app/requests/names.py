"""Names of fields: how clients write them, and which known one they mean by another."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

MAX_COMPARED_CHARS = 100
MIN_ABBREVIATION_CHARS = 3
MIN_LIKENESS = 0.7
"""`visible` is as far from `visibility`."""

_SEPARATORS = re.compile(r"[\W_]+")
_LIST_SUFFIX = re.compile(r"\[\d{0,3}\]$", re.ASCII)


def strip_list_suffix(name: str) -> str:
    """Return the name of a list whose elements a tool has named `name[]` or `name[0]`."""
    return _LIST_SUFFIX.sub("", name)


def find_meant(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that another resembles: in another spelling, shortened, or with a slip."""
    spellings = {_fold(found): found for found in known}
    given = _fold(name[:MAX_COMPARED_CHARS])
    begun = [
        spelling
        for spelling in spellings
        if len(given) >= MIN_ABBREVIATION_CHARS and (spelling.startswith(given) or given.startswith(spelling))
    ]
    meant = begun or get_close_matches(given, spellings, n=1, cutoff=MIN_LIKENESS)
    return spellings[meant[0]] if meant else None


def _fold(name: str) -> str:
    return _SEPARATORS.sub("", name).lower()
