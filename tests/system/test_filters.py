"""Every filter of a listing shows what matches and nothing else. A forgotten place fails here."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from pydantic.alias_generators import to_camel

from app.requests.inputs import ImageQuery, PageQuery
from shared.images import ImageFilter
from shared.keys import Revision
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from processor.processing import Processor
    from tests.support.api import Api

ABOUT_THE_CALLER = {"caller_id", "is_admin"}
ABOUT_THE_RANGE = {"created_after", "created_before", "order", "limit", "cursor"}
ABOUT_NO_FIELD = {"match", "trashed"}
"""They have tests of their own in `unit`."""
ABOUT_OWN_IMAGES = {"sha256"}
FILTERS = sorted(field.name for field in fields(ImageFilter) if field.name not in ABOUT_THE_CALLER)


def read_text(value: Any) -> str:  # noqa: ANN401 - JSON
    return ",".join(value) if isinstance(value, list) else str(value)


def test_every_filter_can_be_asked_for() -> None:
    assert {*FILTERS} == ImageQuery.model_fields.keys() - ABOUT_THE_RANGE
    assert ImageQuery.model_fields.keys() >= PageQuery.model_fields.keys()


@pytest.mark.parametrize("name", sorted({*FILTERS} - ABOUT_NO_FIELD))
def test_filter_shows_what_matches_and_nothing_else(api: Api, processor: Processor, name: str) -> None:
    """The two images differ in everything that a filter can name, and ann sees both.

    Some filters are for the owner of an image alone.
    """
    field = to_camel(name)
    images = [
        api.upload(make_picture("JPEG"), user="ann", visibility="private", tags=["sea", "sun"]),
        api.upload(make_picture("PNG"), user="bob", visibility="public", tags=["moon"]),
    ]
    for image in images:
        processor.process(Revision(image["id"]), datetime.now(UTC), seconds=60)
    assert images[0][field] != images[1][field]
    for image in images:
        query = urlencode({field: read_text(image[field])})
        user = image["userId"] if name in ABOUT_OWN_IMAGES else "ann"
        listed = api.get(f"/images?{query}", user=user).json["images"]
        assert [(found["id"], found[field]) for found in listed] == [(image["id"], image[field])]
