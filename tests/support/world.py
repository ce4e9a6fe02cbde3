"""A deployment whose table and bucket agree, and the ways to break that."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from operations.consistency import ConsistencyCheck
from operations.tags import TagCheck
from operations.usage import Records
from processor.following import Follower
from shared.files import get_file_usage
from shared.images import get_image_usage
from shared.items import Item
from shared.keys import Revision, make_file_key, make_original_key, make_rendition_key
from shared.lifecycle import PROCESSING_LEASE
from shared.models import File, Visibility
from shared.tag_counts import TagRepository
from tests.support.changes import select_changes
from tests.support.images import START, make_image, make_pending
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from operations.findings import Flaw
    from processor.erasing import Eraser
    from processor.processing import Processor
    from shared.files import FileRepository
    from shared.images import ImageRepository
    from shared.items import ItemRepository
    from shared.models import Image
    from shared.rows import Key
    from shared.storage import ImageStorage
    from shared.usages import UsageRepository
    from tests.support.dynamodb.engine import Engine

PICTURE = make_picture()
LATER = timedelta(hours=1)
"""Long enough for everything that is on its way to be late."""


class World:
    """A deployment with an image of each kind in it, whose table and bucket agree."""

    def __init__(  # noqa: PLR0913, PLR0917 - its parts
        self,
        images: ImageRepository,
        usages: UsageRepository,
        files: FileRepository,
        items: ItemRepository,
        storage: ImageStorage,
        processor: Processor,
        eraser: Eraser,
        engine: Engine,
    ) -> None:
        self.images = images
        self.usages = usages
        self.files = files
        self.items = items
        self.storage = storage
        self.processor = processor
        self._engine = engine
        self._offset = 0.0
        self.tags = TagRepository(usages.table)
        self._follower = Follower(usages, self.tags, storage, eraser, send=pytest.fail)
        self.dynamodb: DynamoDBClient = images.table._client  # noqa: SLF001 - to break its contents
        self.image = self.add_ready(tags=("sea", "sun"), visibility=Visibility.PUBLIC)
        self.add_ready(user_id="bob", visibility=Visibility.PRIVATE)
        self.rejected = self.add_ready(data=PICTURE[:-100], tags=("sea",))
        images.add(make_pending())
        self.item = items.add(
            Item(id=make_image().id, user_id="ann", name="a", created_at=START, updated_at=START)
        )
        usages.reserve(self.item.id, "ann", items.get_usage(self.item))
        self.file = self.add_file()

    def add_ready(self, data: bytes = PICTURE, **fields: Any) -> Image:  # noqa: ANN401 - any field of an image
        image = self.add_uploaded(data, **fields)
        self.processor.process(Revision(image.id), datetime.now(UTC), seconds=60)
        self.follow()
        return self.images.get(image.id)

    def store_bytes(self, image: Image) -> None:
        self.storage.add(make_original_key(image.id), PICTURE, "image/jpeg")
        for name in image.renditions:
            self.storage.add(make_rendition_key(image.id, name), b"x", "image/webp")

    def add_file(self, data: bytes = b"%PDF", user_id: str = "eve") -> File:
        file = File.create(user_id=user_id, filename="a.pdf", content_type="application/pdf", size=len(data))
        self.storage.add(make_file_key(file), data, "application/octet-stream")
        self.usages.reserve(file.id, user_id, get_file_usage(file))
        return self.files.add(file)

    def pass_time(self, seconds: float) -> None:
        """Move the clock of DynamoDB on."""
        self._offset += seconds
        self._engine.clock = lambda: time.time() + self._offset

    def sweep(self, now: float) -> None:
        """Remove what has ended, as DynamoDB does."""
        self._engine.sweep(now)

    def follow(self) -> None:
        """Let the function behind the table's stream follow all changes."""
        assert self._follower.follow(select_changes(self._engine.take_records("images"))) == {}

    def forget_changes(self) -> None:
        """Lose all changes that the function has not followed yet."""
        self._engine.take_records("images")

    def count(self, user: str) -> tuple[int, int]:
        """Return the images and the bytes that are counted."""
        counter = self.usages.get(user)
        return counter.images, counter.bytes

    def add_uploaded(self, data: bytes = PICTURE, **fields: Any) -> Image:  # noqa: ANN401 - any field of an image
        lease = int(time.time() + PROCESSING_LEASE.total_seconds())
        image = make_image(
            **{"size": len(data), "leased_until": lease, "updated_at": datetime.now(UTC)} | fields
        )
        self.storage.add(make_original_key(image.id), data, "image/jpeg")
        self.usages.reserve(image.id, image.user_id, get_image_usage(image))
        return self.images.add(image)

    def find(self, *, later: timedelta = LATER) -> list[tuple[Flaw, str]]:
        return [(finding.flaw, finding.name) for finding in self.make_check(later=later).find()]

    def make_check(self, *, later: timedelta = LATER) -> ConsistencyCheck:
        return ConsistencyCheck(
            self.images,
            self.files,
            self.items,
            self.storage,
            self.tag_check,
            clock=lambda: datetime.now(UTC) + later,
        )

    @property
    def tag_check(self) -> TagCheck:
        """It waits until the function behind the stream has followed all changes."""
        return TagCheck(self.tags, sleep=lambda _: self.follow())

    @property
    def records(self) -> Records:
        return Records([self.images, self.files, self.items])

    def delete_row(self, table: str, pk: str, sk: str) -> None:
        self.dynamodb.delete_item(TableName=table, Key={"pk": {"S": pk}, "sk": {"S": sk}})

    def put_row(self, table: str, pk: str, sk: str, **values: Any) -> None:  # noqa: ANN401 - DynamoDB's shapes
        self.dynamodb.put_item(TableName=table, Item={"pk": {"S": pk}, "sk": {"S": sk}, **values})

    def list_entries(self, image: Image) -> list[Key]:
        return [*self.images.get_entries(image)]
