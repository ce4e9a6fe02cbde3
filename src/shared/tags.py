"""Tags: when two of them are the same, and how a list of them changes."""

from collections.abc import Iterable
from unicodedata import normalize


def fold_tag(tag: str) -> str:
    """Return the form that all spellings of a tag share, whatever their case and Unicode form.

    It is Unicode's canonical caseless matching (D145), composed in the end. It may be longer than the tag.
    """
    return normalize("NFC", normalize("NFD", tag).casefold())


def drop_repeated(tags: Iterable[str]) -> tuple[str, ...]:
    """Keep the first spelling of each tag, at its place."""
    first: dict[str, str] = {}
    for tag in tags:
        first.setdefault(fold_tag(tag), tag)
    return tuple(first.values())


def change_tags(tags: Iterable[str], *, added: Iterable[str], removed: Iterable[str]) -> tuple[str, ...]:
    """Remove some tags, then add some. So a tag in both lists gets its new spelling."""
    gone = {*map(fold_tag, removed)}
    return drop_repeated([*(tag for tag in tags if fold_tag(tag) not in gone), *added])
