"""Counts the tags of images, as the changes of the images table tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.errors import Contended, Unavailable
from shared.models import Image
from shared.tag_counts import TagChange, list_counted_tags

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.models import File
    from shared.tag_counts import TagRepository


def find_tag_change(old: Image | File | None, new: Image | File | None) -> TagChange | None:
    """Return None if the tags that count stay as they are. An image that is removed always has a change."""
    if isinstance(new, Image):
        before = list_counted_tags(old if isinstance(old, Image) else None)
        return None if before == list_counted_tags(new) else TagChange.of(new)
    return TagChange.of_removal(old) if isinstance(old, Image) else None


def count_tags(tags: TagRepository, changes: Mapping[str, TagChange]) -> dict[str, Exception]:
    """Count the tags of these changes together, or one by one if that fails. Returns the errors by number.

    While the table is throttled or does not respond, each of them would wait as long as all together.
    """
    try:
        tags.count(changes.values())
    except Contended as error:
        if len(changes) == 1:
            return dict.fromkeys(changes, error)
    except Unavailable as error:
        return dict.fromkeys(changes, error)
    except Exception as error:  # noqa: BLE001 - returned
        if len(changes) == 1:
            return dict.fromkeys(changes, error)
    else:
        return {}
    failures: dict[str, Exception] = {}
    for number, change in changes.items():
        failures |= count_tags(tags, {number: change})
    return failures
