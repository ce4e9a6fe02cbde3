"""A deployment whose table and bucket agree, and the ways to break that."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from operations.consistency import ConsistencyCheck
from operations.findings import Flaw
from processor.following import Follower
from shared.images import get_image_usage
from shared.lifecycle import PROCESSING_LEASE, Event
from shared.models import Facts, Item, Visibility
from shared.renditions import RenditionName
from shared.storage import Revision, make_original_key, make_rendition_key, make_upload_key
from tests.support.changes import select_changes
from tests.support.images import START, make_image, make_pending
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

    from processor.processing import Processor
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
        items: ItemRepository,
        storage: ImageStorage,
        processor: Processor,
        engine: Engine,
    ) -> None:
        self.images = images
        self.usages = usages
        self.items = items
        self.storage = storage
        self.processor = processor
        self._engine = engine
        self._offset = 0.0
        self._follower = Follower(usages, storage, send=pytest.fail)
        self.dynamodb: DynamoDBClient = images.table._client  # noqa: SLF001 - to break its contents
        self.image = self.add_ready(tags=("sea", "sun"), visibility=Visibility.PUBLIC)
        self.add_ready(user_id="bob", visibility=Visibility.PRIVATE)
        self.rejected = self.add_ready(data=PICTURE[:-100], tags=("sea",))
        images.add(make_pending())
        self.item = items.add(
            Item(id=make_image().id, user_id="ann", name="a", created_at=START, updated_at=START)
        )

    def add_ready(self, data: bytes = PICTURE, **fields: Any) -> Image:  # noqa: ANN401 - any field of an image
        image = self.add_uploaded(data, **fields)
        self.processor.process(Revision(image.id), datetime.now(UTC), seconds=60)
        self.follow()
        return self.images.get(image.id)

    def pass_time(self, seconds: float) -> None:
        """Move the clock of DynamoDB on."""
        self._offset += seconds
        self._engine.clock = lambda: time.time() + self._offset

    def follow(self) -> None:
        """Let the function behind the table's stream follow all changes."""
        assert self._follower.follow(select_changes(self._engine.take_records("images"))) == {}

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
            self.images, self.items, self.storage, clock=lambda: datetime.now(UTC) + later
        )

    def delete_row(self, table: str, pk: str, sk: str) -> None:
        self.dynamodb.delete_item(TableName=table, Key={"pk": {"S": pk}, "sk": {"S": sk}})

    def put_row(self, table: str, pk: str, sk: str, **values: Any) -> None:  # noqa: ANN401 - DynamoDB's shapes
        self.dynamodb.put_item(TableName=table, Item={"pk": {"S": pk}, "sk": {"S": sk}, **values})

    def list_entries(self, image: Image) -> list[Key]:
        return [*self.images.get_entries(image)]


def lose_original(world: World) -> str:
    world.storage.delete(make_original_key(world.image.id))
    return world.image.id


def lose_rendition(world: World) -> str:
    world.storage.delete(make_rendition_key(world.image.id, RenditionName.SMALL))
    return world.image.id


def add_rendition_to_the_table(world: World) -> str:
    """The image was made ready before a rendition was added to the table."""
    renditions = {name: found for name, found in world.image.renditions.items() if name != "small"}
    world.images.update(world.image.id, lambda old: old.model_copy(update={"renditions": renditions}))
    world.storage.delete(make_rendition_key(world.image.id, RenditionName.SMALL))
    return world.image.id


def lose_event(world: World) -> str:
    return world.add_uploaded().id


def lose_upload_event(world: World) -> str:
    image = world.images.add(make_pending(size=len(PICTURE)))
    world.storage.add(make_upload_key(image.id), PICTURE, "image/jpeg")
    return image.id


def kill_after_the_verdict(world: World) -> str:
    image = world.add_uploaded()
    world.images.apply(image.id, Event.REJECT, reason="Why.")
    return image.id


def leave_original_of_a_rejected_image(world: World) -> str:
    key = make_original_key(world.rejected.id)
    world.storage.add(key, PICTURE, "image/jpeg")
    return key


def leave_upload_that_has_ended(world: World) -> str:
    image = world.images.add(make_pending(expires_at=int(time.time()) + 60))
    world.storage.add(make_upload_key(image.id), PICTURE, "image/jpeg")
    return make_upload_key(image.id)


def lose_end_of_entry(world: World) -> str:
    partition, sort = world.list_entries(world.rejected)[0]
    world.put_row("images", partition, sort)
    return f"{world.rejected.id} in {partition}"


def leave_upload(world: World) -> str:
    key = make_upload_key(world.image.id)
    world.storage.add(key, PICTURE, "image/jpeg")
    return key


def leave_original(world: World) -> str:
    key = make_original_key(make_image().id)
    world.storage.add(key, PICTURE, "image/jpeg")
    return key


def leave_old_revision(world: World) -> str:
    """The processor was killed before it deleted what the new revision had replaced."""
    image = world.images.apply(world.image.id, Event.RETRY)
    assert image
    world.storage.begin_revision(image)
    facts = Facts(revision=image.latest_revision)
    for name in RenditionName:
        data = world.storage.get(make_rendition_key(image.id, name))
        world.storage.add(make_rendition_key(image.id, name, image.latest_revision), data, "image/webp")
        world.storage.delete(make_rendition_key(image.id, name))
    assert world.images.apply(image.id, Event.FINISH, facts=facts)
    return make_original_key(image.id)


def leave_new_revision(world: World) -> str:
    """Another run was faster, and its revision is shown."""
    image = world.images.apply(world.image.id, Event.RETRY)
    assert image
    world.storage.begin_revision(image)
    assert world.images.apply(image.id, Event.FINISH)
    return make_original_key(image.id, image.latest_revision)


def leave_rendition(world: World) -> str:
    key = make_rendition_key(make_image().id, RenditionName.SMALL)
    world.storage.add(key, b"x", "image/webp")
    return key


def lose_entry(world: World) -> str:
    partition, sort = world.list_entries(world.image)[1]
    world.delete_row("images", partition, sort)
    return f"{world.image.id} in {partition}"


def lose_entry_of_item(world: World) -> str:
    ((partition, sort),) = world.items.get_entries(world.item)
    world.delete_row("items", partition, sort)
    return f"{world.item.id} in {partition}"


def leave_entry(world: World) -> str:
    image = make_image()
    world.put_row("images", "PUBLIC#0", world.list_entries(image)[0][1])
    return f"{image.id} in PUBLIC#0"


def leave_entry_of_a_tag(world: World) -> str:
    _, sort = world.list_entries(world.image)[0]
    world.put_row("images", "USER#ann#PUBLIC#TAG#moon", sort)
    return f"{world.image.id} in USER#ann#PUBLIC#TAG#moon"


def miscount(world: World) -> str:
    world.put_row("images", "USER#ann", "USAGE", images={"N": "7"}, bytes={"N": "1"}, version={"N": "3"})
    return "USER#ann"


def forget_counter(world: World) -> str:
    world.delete_row("images", "USER#bob", "USAGE")
    return "USER#bob"


def leave_counter(world: World) -> str:
    world.put_row("images", "USER#cid", "USAGE", images={"N": "1"}, bytes={"N": "9"}, version={"N": "1"})
    return "USER#cid"


BREAKAGES: list[tuple[Callable[[World], str], Flaw]] = [
    (lose_original, Flaw.LOST_ORIGINAL),
    (lose_rendition, Flaw.LOST_RENDITION),
    (add_rendition_to_the_table, Flaw.LOST_RENDITION),
    (lose_event, Flaw.STUCK),
    (lose_upload_event, Flaw.STUCK),
    (kill_after_the_verdict, Flaw.KEPT_BYTES),
    (leave_original_of_a_rejected_image, Flaw.ORPHAN),
    (leave_upload_that_has_ended, Flaw.ORPHAN),
    (lose_end_of_entry, Flaw.WRONG_ENTRY),
    (leave_upload, Flaw.ORPHAN),
    (leave_original, Flaw.ORPHAN),
    (leave_rendition, Flaw.ORPHAN),
    (leave_old_revision, Flaw.ORPHAN),
    (leave_new_revision, Flaw.ORPHAN),
    (lose_entry, Flaw.MISSING_ENTRY),
    (lose_entry_of_item, Flaw.MISSING_ENTRY),
    (leave_entry, Flaw.STRAY_ENTRY),
    (leave_entry_of_a_tag, Flaw.STRAY_ENTRY),
    (miscount, Flaw.WRONG_USAGE),
    (forget_counter, Flaw.WRONG_USAGE),
    (leave_counter, Flaw.WRONG_USAGE),
]
