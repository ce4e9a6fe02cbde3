from __future__ import annotations

import tracemalloc
import uuid
from datetime import UTC, datetime
from itertools import batched
from typing import TYPE_CHECKING, Any

from operations.consistency import ConsistencyCheck
from operations.tags import TagCheck
from shared.counters import make_usage_key
from shared.files import FileRepository
from shared.images import ImageRepository
from shared.items import ItemRepository
from shared.keys import make_original_key, make_rendition_key
from shared.lifecycle import Status
from shared.models import Rendition
from shared.renditions import RenditionName
from shared.rows import dump
from shared.storage import ImageStorage
from shared.table import Table
from shared.tag_counts import COUNT_PREFIX, TAGGING_KIND, TagChange, TagRepository, make_tagging_key
from tests.support.images import make_image

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest

    from shared.models import Image
    from shared.rows import Key, Row

ROWS_PER_PAGE = 100
KEYS_PER_PAGE = 100
USERS = 10
TAG = "sea"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def make_numbered(number: int) -> Image:
    """Made of its number alone, so that a table of them takes no memory."""
    image_id = str(uuid.UUID(int=number, version=4))
    rendition = Rendition(width=8, height=4, size=1)
    return make_image(
        id=image_id,
        user_id=f"user{number % USERS}",
        tags=(TAG,),
        status=Status.READY,
        renditions=dict.fromkeys(RenditionName, rendition),
        created_at=LONG_AGO,
    )


def make_tagging_row(image: Image) -> Row:
    pk, sk = make_tagging_key(image.id)
    return {"pk": pk, "sk": sk, **dump(TagChange.of(image).make_tagging(0))}


class EndlessTable(Table):
    """Images with their entries, and the counters of their users."""

    def __init__(self, images: int) -> None:
        super().__init__(None, "images")  # type: ignore[arg-type] # it makes no calls
        self._images = images
        self._repository = ImageRepository(self)

    def _make_rows(self) -> Iterator[Row]:
        for number in range(self._images):
            image = make_numbered(number)
            yield self._make_row(image)
            yield make_tagging_row(image)
            for pk, sk in self._repository.get_entries(image):
                yield {"pk": pk, "sk": sk}

    def _make_row(self, image: Image) -> Row:
        pk, sk = self._repository.make_key(image.id)
        return {"pk": pk, "sk": sk, **dump(image)}

    def scan(self, *, after: Key | None = None) -> Iterator[list[Row]]:
        assert after is None
        for rows in batched(self._make_rows(), ROWS_PER_PAGE, strict=False):
            yield [*rows]

    def get(self, key: Key) -> Row | None:
        return self.get_many([key]).get(key)

    def get_many(self, keys: Sequence[Key]) -> dict[Key, Row]:
        counters = {make_usage_key(f"user{number}") for number in range(USERS)}
        rows: dict[Key, Row] = {}
        for key in keys:
            if key in counters:
                count = self._images // USERS
                rows[key] = {"pk": key[0], "sk": key[1], "images": count, "bytes": count * 1000, "version": 1}
            elif key[1] == COUNT_PREFIX + TAG:
                rows[key] = {
                    **dict(zip(("pk", "sk"), key, strict=True)),
                    "name": TAG,
                    "count": self._images // USERS,
                }
            elif key[1] in {self._repository.kind, TAGGING_KIND}:
                image = make_numbered(uuid.UUID(key[0].partition("#")[2]).int & 0xFFFFFFFF)
                rows[key] = (
                    self._make_row(image) if key[1] == self._repository.kind else make_tagging_row(image)
                )
            else:
                rows[key] = {"pk": key[0], "sk": key[1]}
        return rows


class EndlessStorage(ImageStorage):
    """Their originals and renditions."""

    def __init__(self, images: int) -> None:
        super().__init__(None, "bucket")  # type: ignore[arg-type] # it makes no calls
        self._images = images

    def has(self, key: str) -> bool:
        return bool(key)

    def list_keys(self, prefix: str = "") -> Iterator[list[tuple[str, datetime]]]:
        assert not prefix
        ids = (make_numbered(number).id for number in range(self._images))
        keys = ((make_original_key(name), make_rendition_key(name, RenditionName.SMALL)) for name in ids)
        for page in batched((key for pair in keys for key in pair), KEYS_PER_PAGE, strict=False):
            yield [(key, LONG_AGO) for key in page]


class EmptyTable(EndlessTable):
    def __init__(self) -> None:
        super().__init__(0)


def measure(images: int) -> tuple[list[Any], int]:
    """The findings, and the most bytes that were held."""
    table, items = EndlessTable(images), EmptyTable()
    check = ConsistencyCheck(
        ImageRepository(table),
        FileRepository(table),
        ItemRepository(items),
        EndlessStorage(images),
        TagCheck(TagRepository(table)),
    )
    tracemalloc.start()
    try:
        return [*check.find()], tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_six_times_as_many_images_take_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operations.consistency.MAX_CONCURRENT_CALLS", 2)
    measure(50)  # what is kept for good is kept from here on
    found, few = measure(100)
    more_found, many = measure(600)
    assert found == more_found == []
    assert many < 1.5 * few
