from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from maintenance.consistency import ConsistencyCheck
from maintenance.findings import Flaw
from maintenance.usage import check_usage
from shared.models import Item, Status, Visibility
from shared.quotas import Usage
from shared.storage import make_original_key, make_rendition_key, make_upload_key
from shared.table import ConditionFailed
from tests.pictures import make_picture
from tests.records import START, make_image

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from processor.processing import Processor
    from shared.images import ImageRepository
    from shared.items import ItemRepository
    from shared.models import Image
    from shared.storage import ImageStorage

PICTURE = make_picture()
LONG_AGO = timedelta(hours=-1)
END = 4_000_000_000


def allow(_: object) -> None:
    pass


class World:
    """A deployment with an image of each kind in it, whose table and bucket agree."""

    def __init__(
        self, images: ImageRepository, items: ItemRepository, storage: ImageStorage, processor: Processor
    ) -> None:
        self.images = images
        self.items = items
        self.storage = storage
        self.processor = processor
        self.dynamodb: DynamoDBClient = images.table._client  # noqa: SLF001 - to break what it keeps
        self.image = self.add_ready(tags=("sea", "sun"), visibility=Visibility.PUBLIC)
        self.add_ready(user_id="bob", visibility=Visibility.PRIVATE)
        images.add(make_image(status=Status.PENDING, listed=False, expires_at=END))
        self.item = items.add(
            Item(id=make_image().id, user_id="ann", name="a", created_at=START, updated_at=START)
        )

    def add_ready(self, **fields: Any) -> Image:  # noqa: ANN401 - any field of an image
        image = make_image(size=len(PICTURE), **fields)
        self.storage.add(make_original_key(image.id), PICTURE, "image/jpeg")
        self.images.add(image)
        self.processor.process(image.id, datetime.now(UTC), seconds=60)
        return self.images.get(image.id)

    def find(self, *, grace: timedelta = LONG_AGO) -> list[tuple[Flaw, str]]:
        """With a grace that is past, everything is late."""
        return [(finding.flaw, finding.name) for finding in self.make_check(grace=grace).find()]

    def make_check(self, *, grace: timedelta = LONG_AGO) -> ConsistencyCheck:
        return ConsistencyCheck(self.images, self.items, self.storage, grace=grace)

    def delete_row(self, table: str, pk: str, sk: str) -> None:
        self.dynamodb.delete_item(TableName=table, Key={"pk": {"S": pk}, "sk": {"S": sk}})

    def put_row(self, table: str, pk: str, sk: str, **values: Any) -> None:  # noqa: ANN401 - DynamoDB's shapes
        self.dynamodb.put_item(TableName=table, Item={"pk": {"S": pk}, "sk": {"S": sk}, **values})


@pytest.fixture
def world(
    images: ImageRepository, items: ItemRepository, storage: ImageStorage, processor: Processor
) -> World:
    return World(images, items, storage, processor)


def lose_original(world: World) -> str:
    world.storage.delete(make_original_key(world.image.id))
    return world.image.id


def lose_rendition(world: World) -> str:
    world.storage.delete(make_rendition_key(world.image.id, "small"))
    return world.image.id


def lose_event(world: World) -> str:
    image = make_image(size=len(PICTURE), updated_at=datetime.now(UTC))
    world.storage.add(make_original_key(image.id), PICTURE, "image/jpeg")
    world.images.add(image)
    return image.id


def lose_upload_event(world: World) -> str:
    image = make_image(size=len(PICTURE), status=Status.PENDING, listed=False, expires_at=END)
    world.images.add(image)
    world.storage.add(make_upload_key(image.id), PICTURE, "image/jpeg")
    return image.id


def leave_upload(world: World) -> str:
    key = make_upload_key(world.image.id)
    world.storage.add(key, PICTURE, "image/jpeg")
    return key


def leave_original(world: World) -> str:
    key = make_original_key(make_image().id)
    world.storage.add(key, PICTURE, "image/jpeg")
    return key


def leave_rendition(world: World) -> str:
    key = make_rendition_key(make_image().id, "small")
    world.storage.add(key, b"x", "image/webp")
    return key


def lose_entry(world: World) -> str:
    partition, sort = world.images.list_entry_keys(world.image)[1]
    world.delete_row("images", partition, sort)
    return f"{world.image.id} in {partition}"


def lose_entry_of_item(world: World) -> str:
    ((partition, sort),) = world.items.list_entry_keys(world.item)
    world.delete_row("items", partition, sort)
    return f"{world.item.id} in {partition}"


def leave_entry(world: World) -> str:
    image = make_image()
    world.put_row("images", "PUBLIC#0", world.images.list_entry_keys(image)[0][1])
    return f"{image.id} in PUBLIC#0"


def leave_entry_of_a_tag(world: World) -> str:
    _, sort = world.images.list_entry_keys(world.image)[0]
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
    (lose_event, Flaw.STUCK),
    (lose_upload_event, Flaw.STUCK),
    (leave_upload, Flaw.ORPHAN),
    (leave_original, Flaw.ORPHAN),
    (leave_rendition, Flaw.ORPHAN),
    (lose_entry, Flaw.MISSING_ENTRY),
    (lose_entry_of_item, Flaw.MISSING_ENTRY),
    (leave_entry, Flaw.STRAY_ENTRY),
    (leave_entry_of_a_tag, Flaw.STRAY_ENTRY),
    (miscount, Flaw.WRONG_USAGE),
    (forget_counter, Flaw.WRONG_USAGE),
    (leave_counter, Flaw.WRONG_USAGE),
]


def settle(world: World, s3: S3Client) -> None:
    """Let the functions do what the repairs gave them to do."""
    for item in s3.list_objects_v2(Bucket="bucket")["Contents"]:
        folder, _, image_id = item["Key"].partition("/")
        if folder == "uploads":
            world.processor.accept(image_id)
    for item in s3.list_objects_v2(Bucket="bucket", Prefix="originals/")["Contents"]:
        world.processor.process(item["Key"].partition("/")[2], datetime.now(UTC) + LONG_AGO, seconds=60)
    rows = {row["pk"]["S"] for row in world.dynamodb.scan(TableName="images")["Items"]}
    for item in s3.list_objects_v2(Bucket="bucket", Prefix="renditions/")["Contents"]:
        image_id = item["Key"].split("/")[1]
        if f"IMAGE#{image_id}" not in rows:
            world.storage.delete_image(image_id)


def test_what_agrees_is_not_reported(world: World) -> None:
    assert world.find() == []


@pytest.mark.parametrize(
    ("break_something", "flaw"), BREAKAGES, ids=lambda value: getattr(value, "__name__", "")
)
def test_what_is_wrong_is_found_repaired_and_found_no_more(
    world: World, s3: S3Client, break_something: Callable[[World], str], flaw: Flaw
) -> None:
    name = break_something(world)
    findings = list(world.make_check().find())
    assert (flaw, name) in [(finding.flaw, finding.name) for finding in findings]
    for finding in findings:
        assert finding.repair
        finding.repair()
    settle(world, s3)
    assert world.find() == []


def test_what_is_on_its_way_is_left_alone(world: World) -> None:
    for on_its_way in (lose_event, lose_upload_event, leave_upload, leave_original, leave_rendition):
        on_its_way(world)
    assert world.find(grace=timedelta(minutes=15)) == []


def test_row_that_cannot_be_read_is_reported_and_left(world: World) -> None:
    world.put_row("images", "IMAGE#1", "IMAGE", size={"S": "large"})
    world.put_row("images", "PUBLIC#0", "2026-01-01T00:00:00.000000Z#1")
    (finding,) = world.make_check().find()
    assert (finding.flaw, finding.name, finding.repair) == (Flaw.UNREADABLE, "IMAGE#1", None)


def test_repair_of_what_has_changed_meanwhile_changes_nothing(world: World) -> None:
    lose_entry(world)
    (finding,) = world.make_check().find()
    assert finding.repair
    world.images.update(world.image.id, lambda old: old.model_copy(update={"description": "x"}), allow)
    with pytest.raises(ConditionFailed):
        finding.repair()


def test_counter_that_moves_while_it_is_checked_is_not_judged(world: World) -> None:
    miscount(world)
    scans = 0

    def add_meanwhile(**_: object) -> None:
        nonlocal scans
        scans += 1
        if scans == 2:
            world.add_ready()

    world.dynamodb.meta.events.register("after-call.dynamodb.Scan", add_meanwhile)
    assert list(check_usage(world.images)) == []
    assert scans == 2


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_any_number_of_users_is_checked_however_many_are_held_at_once(world: World, size: int) -> None:
    for number in range(7):
        world.images.add(make_image(user_id=f"user{number}"))
    assert list(check_usage(world.images, size=size)) == []
    for user in ("user0", "user3", "user6"):
        world.delete_row("images", f"USER#{user}", "USAGE")
    wrong = sorted(finding.name for finding in check_usage(world.images, size=size))
    assert wrong == ["USER#user0", "USER#user3", "USER#user6"]


def test_live_changes_are_never_taken_for_flaws(world: World) -> None:
    """Whatever is written between two reads of the check."""
    turns = iter(range(10_000))

    def change(**_: object) -> None:
        turn = next(turns)
        if turn % 3 == 0:
            tags = (f"tag{turn}",)
            world.images.update(world.image.id, lambda old: old.model_copy(update={"tags": tags}), allow)
        elif turn % 3 == 1:
            world.images.delete(world.add_ready(tags=("sea",)).id, allow)

    busy = False

    def change_once(**_: object) -> None:
        nonlocal busy
        if not busy:
            busy = True
            change()
            busy = False

    for operation in ("Scan", "BatchGetItem", "GetItem", "TransactGetItems"):
        world.dynamodb.meta.events.register(f"after-call.dynamodb.{operation}", change_once)
    assert world.find(grace=timedelta(minutes=15)) == []
    assert world.images.get_usage("ann") == Usage(images=1, bytes=len(PICTURE))
