from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.console import Problem
from operations.moving.entries import InvalidEntry
from operations.moving.listings import read_cloudinary, read_documents, read_supabase

BEACH = {
    "asset_id": "b5e6d2b39ba3e0869d67141ba7dba6cf",
    "public_id": "holidays/beach",
    "format": "jpg",
    "version": 1_571_218_330,
    "resource_type": "image",
    "type": "upload",
    "created_at": "2019-10-16T09:45:30Z",
    "bytes": 120_253,
    "width": 864,
    "height": 576,
    "url": "http://res.cloudinary.com/demo/image/upload/v1571218330/holidays/beach.jpg",
    "secure_url": "https://res.cloudinary.com/demo/image/upload/v1571218330/holidays/beach.jpg",
    "tags": ["sea", "sun"],
    "context": {"custom": {"alt": "The sea", "caption": "The sea at last"}},
}
AVATAR = {
    "name": "avatars/ann.png",
    "id": "eaa8bdb5-2e00-4767-b5a9-d2502efe2196",
    "updated_at": "2024-05-22T23:06:05.574Z",
    "created_at": "2024-05-22T23:06:05.574Z",
    "last_accessed_at": "2024-05-22T23:06:05.574Z",
    "metadata": {"eTag": '"c5e8c553235d9af30ef4f6e280790b92"', "size": 32175, "mimetype": "image/png"},
}


def cloudinary(*documents: object) -> list[Any]:
    return [*read_cloudinary(iter(documents))]


def supabase(*documents: object) -> list[Any]:
    return [*read_supabase(iter(documents))]


def test_resource_of_cloudinary_keeps_name_date_tags_and_caption() -> None:
    [entry] = cloudinary({"resources": [BEACH], "next_cursor": "abc"})
    assert entry.model_dump(exclude_defaults=True) == {
        "path": "holidays/beach.jpg",
        "url": "https://res.cloudinary.com/demo/image/upload/v1571218330/holidays/beach.jpg",
        "filename": "beach.jpg",
        "description": "The sea at last",
        "tags": ("sea", "sun"),
        "created_at": datetime(2019, 10, 16, 9, 45, 30, tzinfo=UTC),
    }


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({"custom": {"alt": "The sea"}}, "The sea"),
        ({"alt": "The sea"}, "The sea"),
        ({"custom": {"other": "x"}}, None),
        (None, None),
    ],
)
def test_description_is_the_caption_or_else_the_alternative_text(context: object, expected: object) -> None:
    [entry] = cloudinary([BEACH | {"context": context}])
    assert entry.description == expected


def test_video_of_cloudinary_is_invalid() -> None:
    [entry] = cloudinary([BEACH | {"resource_type": "video"}])
    assert entry == InvalidEntry("holidays/beach", "is of the type video, and not an image")


def test_object_of_supabase_keeps_name_and_date() -> None:
    [entry] = supabase([AVATAR])
    at = datetime(2024, 5, 22, 23, 6, 5, 574_000, tzinfo=UTC)
    assert (entry.path, entry.filename, entry.created_at) == ("avatars/ann.png", "ann.png", at)


def test_folders_of_supabase_are_left_out() -> None:
    assert supabase([{"name": "avatars", "id": None, "created_at": None, "metadata": None}]) == []


def test_row_of_the_database_of_supabase_names_its_owner() -> None:
    row = AVATAR | {"bucket_id": "b", "owner_id": "u-1", "created_at": "2024-05-22 23:06:05.574+00"}
    [entry] = supabase([row])
    assert entry.user_id == "u-1"
    assert entry.created_at == datetime(2024, 5, 22, 23, 6, 5, 574_000, tzinfo=UTC)


def test_signed_urls_of_supabase_are_urls() -> None:
    [entry] = supabase([{"path": "a.png", "signedURL": "https://x.supabase.co/a?token=t", "error": None}])
    assert (entry.path, entry.url) == ("a.png", "https://x.supabase.co/a?token=t")


@pytest.mark.parametrize("item", [{}, {"public_id": 5}, {"public_id": None}])
def test_resource_of_another_form_is_invalid(item: dict[str, Any]) -> None:
    [found] = cloudinary([item])
    assert isinstance(found, InvalidEntry)


@pytest.mark.parametrize("document", [{"resources": 5}, 5, "x", None])
def test_listing_of_another_form_is_a_problem(document: object) -> None:
    with pytest.raises(Problem, match="neither an array nor an object"):
        cloudinary(document)


documents = st.lists(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=500))), max_size=8)


@given(documents, st.sampled_from(["", "\n", " \r\n "]), st.sampled_from([None, 2]))
def test_pages_one_after_the_other_are_read_whatever_is_between(
    pages: list[Any], between: str, indent: int | None
) -> None:
    text = between.join(json.dumps(page, indent=indent, ensure_ascii=False) for page in pages)
    assert [*read_documents(io.BytesIO(text.encode()))] == pages


def test_page_that_is_larger_than_a_chunk_is_read() -> None:
    page = [{"public_id": "ä" * 1000, "n": n} for n in range(500)]
    data = json.dumps([page], ensure_ascii=False).encode() * 3
    assert [*read_documents(io.BytesIO(data))] == [[page]] * 3


@pytest.mark.parametrize("text", ["{", "nothing", '[{"a": 1}] x', "[" * 100_000])
def test_what_is_not_json_is_a_problem(text: str) -> None:
    with pytest.raises(Problem, match="the listing is not JSON"):
        list(read_documents(io.BytesIO(text.encode())))
