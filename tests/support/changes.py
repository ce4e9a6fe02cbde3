"""Records of the stream of the images table, as Lambda gets them, and those that it passes on."""

from __future__ import annotations

import itertools
import json
import time
from typing import TYPE_CHECKING, Any

from shared.images import make_record_key
from shared.rows import encode_key, encode_model
from tests.support.template import get_properties

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.models import Image

_numbers = itertools.count(100)


def make_change(
    old: Image | None, new: Image | None = None, *, at: float | None = None, table: str = "images"
) -> dict[str, Any]:
    """A change of an image from `old` to `new`, at a time in seconds since 1970."""
    image = old or new
    assert image
    key = make_record_key(image.id)
    name = ("MODIFY" if new else "REMOVE") if old else "INSERT"
    change = {
        "Keys": encode_key(key),
        "ApproximateCreationDateTime": int(time.time() if at is None else at),
        "SequenceNumber": str(next(_numbers)),
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    if old:
        change["OldImage"] = encode_model(key, old)
    if new:
        change["NewImage"] = encode_model(key, new)
    return {
        "eventName": name,
        "eventSource": "aws:dynamodb",
        "eventSourceARN": f"arn:aws:dynamodb:eu-central-1:123456789012:table/{table}/stream/2026",
        "dynamodb": change,
    }


def select_changes(records: Iterable[Any], **parameters: object) -> list[Any]:
    """Return the records that the filters of the template pass on."""
    filters = get_properties("ChangesFunction", **parameters)["Events"]["RecordChanged"]["Properties"][
        "FilterCriteria"
    ]
    patterns = [json.loads(each["Pattern"]) for each in filters["Filters"]]
    return [record for record in records if any(_matches(pattern, record) for pattern in patterns)]


def _matches(pattern: Any, value: Any) -> bool:  # noqa: ANN401 - JSON
    """A list holds the values that fit, or tells if there is one. An object fits if all its fields fit."""
    if isinstance(pattern, list):
        return value in pattern or {"exists": value is not None} in pattern
    return isinstance(value, dict) and all(_matches(part, value.get(name)) for name, part in pattern.items())
