"""A user who has everything that a user can have, and the events that erase it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from processor.erasing import Eraser
from processor.following import Follower
from processor.purging import Purger
from shared.counters import Form
from shared.deletions import DeletionRepository
from shared.erasures import ErasureRepository, begin_erasure
from shared.files import FileRepository, get_file_usage
from shared.images import ImageRepository, get_image_usage
from shared.items import Item, ItemRepository
from shared.keys import make_file_key, make_original_key, make_rendition_key, make_upload_key
from shared.models import File, Visibility
from shared.storage import ImageStorage
from shared.table import Table
from shared.tag_counts import TagRepository
from shared.tombstones import TombstoneStorage
from shared.usages import UsageRepository
from shared.versions import VersionStorage
from tests.support.changes import select_changes
from tests.support.clock import Clock
from tests.support.images import make_image, make_pending, make_ready

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from shared.erasures import Erasure
    from shared.models import Image
    from tests.support.dynamodb.engine import Engine


@dataclass
class Estate:
    """The stores, and the function behind the table's stream. Time passes only while something waits."""

    engine: Engine
    dynamodb: DynamoDBClient
    s3: S3Client

    def __post_init__(self) -> None:
        self.clock = Clock(time.time())
        self.engine.clock = self.clock
        table = Table(self.dynamodb, "images")
        self.images, self.files = ImageRepository(table), FileRepository(table)
        self.tags = TagRepository(table)
        self.items = ItemRepository(Table(self.dynamodb, "items"))
        self.usages = UsageRepository(table, clock=self.clock)
        self.storage = ImageStorage(self.s3, "bucket")
        self.tombstones = TombstoneStorage(self.s3, "bucket")
        self.erasures = ErasureRepository(table, clock=self.read_time)
        self.versions = VersionStorage(self.s3, "bucket")
        self.deletions: DeletionRepository | None = None
        self.messages: list[str] = []
        self.changes: list[Any] = []
        self.restart()

    def keep_versions(self, days: int = 7) -> None:
        """Let the bucket keep the bytes of what is deleted."""
        self.s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
        self.deletions = DeletionRepository(self.usages.table, days, clock=self.clock)
        self.restart()

    def restart(self) -> None:
        """Make the eraser anew."""
        deletions, read_time = self.deletions, self.read_time
        self.eraser = Eraser(
            self.erasures,
            self.usages,
            self.images,
            self.files,
            self.items,
            self.tags,
            self.tombstones,
            purger=Purger(deletions, self.versions, clock=read_time) if deletions else None,
            sleep=self.wait,
            clock=read_time,
        )

    def read_time(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)

    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    def begin(self, user_id: str = "ann") -> Erasure:
        return begin_erasure(self.erasures, self.usages, self.tombstones, user_id)

    def fill(self, user_id: str = "ann", count: int = 1) -> None:
        """Give the user so many things of each kind."""
        for _ in range(count):
            self.add_image(user_id)
            self.add_file(user_id)
            self.add_item(user_id)
            self.add_pending(user_id)

    def add_image(self, user_id: str = "ann", **fields: Any) -> Image:  # noqa: ANN401 - of an image
        image = make_ready(user_id=user_id, tags=("sea",), **fields)
        self.storage.add(make_original_key(image.id), b"x", "image/jpeg")
        for name in image.renditions:
            self.storage.add(make_rendition_key(image.id, name), b"x", "image/webp")
        self.usages.reserve(image.id, user_id, get_image_usage(image))
        return self.images.add(image)

    def add_file(self, user_id: str = "ann") -> File:
        file = File.create(user_id=user_id, filename="a.pdf", content_type="application/pdf", size=4)
        self.storage.add(make_file_key(file), b"%PDF", "application/pdf")
        self.usages.reserve(file.id, user_id, get_file_usage(file))
        return self.files.add(file)

    def add_item(self, user_id: str = "ann") -> Item:
        item = Item.create(user_id=user_id, name="a")
        self.usages.reserve(item.id, user_id, self.items.get_usage(item))
        return self.items.add(item)

    def add_pending(self, user_id: str = "ann") -> Image:
        """A direct upload whose bytes wait for the processor."""
        image = make_pending(user_id=user_id)
        form = Form(bytes=image.size, ends_at=image.expires_at or 0)
        self.usages.begin_upload(image.id, user_id, form)
        self.storage.add(make_upload_key(image.id), b"x", "image/jpeg")
        return self.images.add(image)

    def add_all_kinds(self, user_id: str = "ann") -> None:
        for visibility in Visibility:
            self.add_image(user_id, visibility=visibility)
            image = make_image(user_id=user_id, visibility=visibility)
            self.usages.reserve(image.id, user_id, get_image_usage(image))
            self.images.add(image)
        self.fill(user_id)

    def follow(self) -> dict[str, Exception]:
        """Let the function follow the changes that wait, once. Those that fail wait again."""
        self.collect()
        follower = Follower(
            self.usages,
            self.tags,
            self.storage,
            self.eraser,
            send=self.messages.append,
            deletions=self.deletions,
            clock=self.clock,
        )
        failures = follower.follow(self.changes)
        self.changes = [record for record in self.changes if record["dynamodb"]["SequenceNumber"] in failures]
        return failures

    def collect(self) -> list[Any]:
        self.changes += select_changes(self.engine.take_records("images"))
        return self.changes

    def settle(self) -> None:
        """Follow all changes until there are no more."""
        while self.collect():
            self.follow()

    def list_rows(self, name: str = "ann") -> list[tuple[str, str]]:
        """The kinds of the rows that name a user or a record of theirs, markers left out."""
        rows = [*self.engine.list_items("images"), *self.engine.list_items("items")]
        return sorted(
            (row["pk"]["S"], row["sk"]["S"])
            for row in rows
            if row["sk"]["S"] != "GIVEN BACK" and name in str(row)
        )

    def list_keys(self) -> list[str]:
        return [key for page in self.storage.list_keys() for key, _ in page]

    def list_versions(self) -> list[str]:
        """The key of every version and every marker."""
        return [version.key for page in self.versions.list_versions("") for version in page]

    def require_gone(self, user_id: str = "ann") -> Erasure:
        """Assert that nothing of a user is left but the tombstones. Return the erasure."""
        assert self.list_rows(user_id) == [(f"USER#{user_id}", kind) for kind in ("ERASURE", "USAGE")]
        assert self.usages.get(user_id).is_zero
        assert f"erasures/{user_id}" in self.list_keys()
        erasure = self.erasures.get(user_id)
        assert erasure
        assert erasure.finished_at
        return erasure
