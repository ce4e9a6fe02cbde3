"""Deletions of users whose bytes the bucket keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shared.deletions import DELETIONS_PREFIX, DeletionRepository, list_prefixes
from shared.keys import Revision, make_file_key, make_variants_prefix
from shared.models import File
from tests.support.images import new_id

if TYPE_CHECKING:
    from shared.files import FileRepository
    from shared.images import ImageRepository
    from shared.table import Table

NOW = 1_800_000_000
DAY_SECONDS = 86_400


@pytest.fixture
def deletions(table: Table) -> DeletionRepository:
    return DeletionRepository(table, 7, clock=lambda: NOW)


def test_deletion_is_in_the_list_of_its_user_until_it_is_deleted(deletions: DeletionRepository) -> None:
    keys = [(f"{kind}#{new_id()}", kind) for kind in ("IMAGE", "FILE")]
    for key in keys * 2:
        deletions.add("ann", key)
    deletions.add("ann#x", keys[0])
    names = sorted(name for name, _ in keys)
    assert deletions.list_names("ann", limit=10) == names
    assert deletions.list_names("ann", limit=1) == names[:1]
    deletions.delete("ann", names[0])
    assert deletions.list_names("ann", limit=10) == names[1:]
    assert deletions.list_names("ann#x", limit=10) == [keys[0][0]]


def test_deletion_ends_when_s3_has_deleted_every_version(deletions: DeletionRepository, table: Table) -> None:
    deletions.add("ann", ("IMAGE#1", "IMAGE"))
    row = table.get((f"{DELETIONS_PREFIX}USER#ann", "IMAGE#1"))
    assert row
    assert row["expires_at"] == NOW + (7 + 3) * DAY_SECONDS


def test_deletions_are_in_no_listing_of_records(images: ImageRepository, files: FileRepository) -> None:
    assert not images.has_listing(f"{DELETIONS_PREFIX}USER#ann")
    assert not files.has_listing(f"{DELETIONS_PREFIX}USER#ann")


def test_prefixes_are_those_of_every_object_of_an_image() -> None:
    prefixes = tuple(list_prefixes("IMAGE#1"))
    keys = [*Revision("1").list_keys(), *Revision("1", 3).list_keys(), make_variants_prefix("1")]
    assert all(key.startswith(prefixes) for key in keys)
    assert not any(key.startswith(prefixes) for key in Revision("10").list_keys())


def test_prefix_of_a_file_is_that_of_its_only_object() -> None:
    file = File.create(user_id="ann", filename="a.pdf", content_type="application/pdf", size=4)
    [prefix] = list_prefixes(f"FILE#{file.id}")
    assert make_file_key(file).startswith(prefix)
