from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.moving.entries import (
    Defaults,
    Entry,
    ExportedImage,
    InvalidEntry,
    make_image_id,
    name_entry,
    read_entry,
)
from shared.lifecycle import Status
from shared.models import Visibility


def read(**fields: Any) -> Any:  # noqa: ANN401 - a field's value
    return read_entry("place", {"path": "a.jpg"} | fields)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-01", datetime(2024, 5, 1, tzinfo=UTC)),
        ("2024-05-01T10:00:00Z", datetime(2024, 5, 1, 10, tzinfo=UTC)),
        ("2024-05-01T10:00:00.123+02:00", datetime(2024, 5, 1, 8, 0, 0, 123_000, tzinfo=UTC)),
        ("2024-05-01 10:00:00.123456+00", datetime(2024, 5, 1, 10, 0, 0, 123_456, tzinfo=UTC)),
        ("2024-05-01 10:00:00-07", datetime(2024, 5, 1, 17, tzinfo=UTC)),
    ],
)
def test_dates_are_read_as_services_write_them(text: str, expected: datetime) -> None:
    assert read(createdAt=text).created_at == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["a", "b"], ("a", "b")),
        ("a, b ,", ("a", "b")),
        ('["a", "b c"]', ("a", "b c")),
        ("", ()),
        (["Sea", "sea"], ("Sea",)),
    ],
)
def test_tags_are_an_array_or_a_text_with_commas(value: object, expected: tuple[str, ...]) -> None:
    assert read(tags=value).tags == expected


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"path": None}, "needs a path or a url"),
        ({"pfad": "x"}, "pfad: Extra inputs are not permitted"),
        ({"createdAt": "2999-01-01"}, "createdAt: lies in the future"),
        ({"createdAt": 1_700_000_000}, "createdAt: is not an RFC 3339 time or date"),
        ({"createdAt": "yesterday"}, "createdAt: is not an RFC 3339 time or date"),
        ({"tags": "[1"}, "tags: is not a JSON array"),
        ({"tags": [f"tag {n}" for n in range(21)]}, "tags: has more than 20 elements"),
        ({"visibility": "secret"}, "visibility: Input should be 'public' or 'private'"),
        ({"description": "x" * 2001}, "description: String should have at most 2000 characters"),
        ({"userId": " ann"}, "userId: begins or ends with a space"),
        ({"userId": "ann", "owner": "ben"}, "names one field twice"),
        ({"sha256": "abc"}, "sha256: String should match pattern '^[0-9a-f]{64}$'"),
    ],
)
def test_wrong_field_is_named(fields: dict[str, Any], reason: str) -> None:
    assert read(**fields) == InvalidEntry("place", reason)


def test_other_names_of_services_are_taken() -> None:
    entry = read_entry("place", {"key": "a.jpg", "owner": "ann"})
    assert isinstance(entry, Entry)
    assert (entry.path, entry.user_id) == ("a.jpg", "ann")


def test_every_field_of_an_export_can_be_imported() -> None:
    now = datetime.now(UTC)
    line = ExportedImage(
        path="originals/a.jpg",
        id=str(uuid.uuid4()),
        user_id="ann",
        filename="a.jpg",
        content_type="image/jpeg",
        size=1,
        width=1,
        height=1,
        sha256="0" * 64,
        description="x",
        visibility=Visibility.PUBLIC,
        tags=("a",),
        status=Status.READY,
        status_reason=None,
        revision=2,
        placeholder=None,
        exif=None,
        animated=False,
        created_at=now,
        updated_at=now,
        version=3,
    )
    entry = read_entry("place", json.loads(line.model_dump_json(by_alias=True)))
    assert isinstance(entry, Entry)
    for name in Entry.model_fields.keys() - {"url"}:
        assert getattr(entry, name) == getattr(line, name)


def test_options_complete_an_entry_and_replace_nothing() -> None:
    defaults = Defaults("ann", Visibility.PUBLIC, ("old site", "SEA"))
    assert defaults.apply_to(Entry(path="a", tags=("sea",))) == Entry(
        path="a", user_id="ann", visibility=Visibility.PUBLIC, tags=("sea", "old site")
    )
    said = read(userId="ben", visibility="private", createdAt="2024-05-01")
    completed = defaults.apply_to(said)
    assert isinstance(completed, Entry)
    assert (completed.user_id, completed.visibility) == ("ben", Visibility.PRIVATE)
    assert completed.created_at == said.created_at


def test_entry_without_any_owner_is_invalid() -> None:
    found = Defaults().apply_to(Entry(path="a.jpg"))
    assert isinstance(found, InvalidEntry)
    assert found.reason.startswith("has no owner")


names = st.text(min_size=1, max_size=50).filter(lambda text: "\0" not in text)


@given(names, names, st.integers(0, 100))
def test_id_of_an_entry_is_always_the_same_and_has_the_form_of_a_random_one(
    name: str, path: str, attempt: int
) -> None:
    made = make_image_id(name, path, attempt)
    assert made == make_image_id(name, path, attempt)
    assert str(uuid.UUID(made)) == made
    assert uuid.UUID(made).version == 4
    assert uuid.UUID(made).variant == uuid.RFC_4122
    others = {make_image_id(f"{name}x", path, attempt), make_image_id(name, path, attempt + 1)}
    assert made not in others


@given(names, names, names)
def test_each_owner_and_location_has_its_own_name(first: str, second: str, third: str) -> None:
    entries = {(user, path) for user in (first, second) for path in (second, third)}
    assert len({name_entry(Entry.model_construct(user_id=u, path=p)) for u, p in entries}) == len(entries)
