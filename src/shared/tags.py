"""Tags: when two of them are the same."""

from unicodedata import normalize


def fold_tag(tag: str) -> str:
    """Return the form that all spellings of a tag share, whatever their case and Unicode form.

    It is Unicode's canonical caseless matching (D145), composed in the end. It may be longer than the tag.
    """
    return normalize("NFC", normalize("NFD", tag).casefold())
