from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from operations.consistency import GRACE, ConsistencyCheck, run_check
from operations.findings import Finding, Flaw, get_all
from operations.usage import check_usage
from shared.errors import Conflict, NotFound, Throttled, Unavailable
from shared.lifecycle import PROCESSING_LEASE, Event, Status
from shared.models import Item, Visibility
from shared.quotas import Usage
from shared.renditions import RenditionName
from shared.storage import make_original_key, make_rendition_key, make_upload_key
from shared.table import MAX_KEYS_PER_READ, ConditionFailed
from tests.support.faults import Fault, break_calls
from tests.support.images import START, make_image, make_pending
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from processor.processing import Processor
    from shared.images import ImageRepository
    from shared.items import ItemRepository
    from shared.models import Image
    from shared.storage import ImageStorage
    from shared.table import Key, Row

PICTURE = make_picture()
LATER = timedelta(hours=1)
"""Long enough for everything that is on its way to be late."""


class World:
    """A deployment with an image of each kind in it, whose table and bucket agree."""

    def __init__(
        self, images: ImageRepository, items: ItemRepository, storage: ImageStorage, processor: Processor
    ) -> None:
        self.images = images
        self.items = items
        self.storage = storage
        self.processor = processor
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
        self.processor.process(image.id, datetime.now(UTC), seconds=60)
        return self.images.get(image.id)

    def add_uploaded(self, data: bytes = PICTURE, **fields: Any) -> Image:  # noqa: ANN401 - any field of an image
        lease = int(time.time() + PROCESSING_LEASE.total_seconds())
        image = make_image(
            **{"size": len(data), "leased_until": lease, "updated_at": datetime.now(UTC)} | fields
        )
        self.storage.add(make_original_key(image.id), data, "image/jpeg")
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


@pytest.fixture
def world(
    images: ImageRepository, items: ItemRepository, storage: ImageStorage, processor: Processor
) -> World:
    return World(images, items, storage, processor)


def lose_original(world: World) -> str:
    world.storage.delete(make_original_key(world.image.id))
    return world.image.id


def lose_rendition(world: World) -> str:
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
    (lose_event, Flaw.STUCK),
    (lose_upload_event, Flaw.STUCK),
    (kill_after_the_verdict, Flaw.KEPT_BYTES),
    (leave_original_of_a_rejected_image, Flaw.ORPHAN),
    (leave_upload_that_has_ended, Flaw.ORPHAN),
    (lose_end_of_entry, Flaw.WRONG_ENTRY),
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
    """Let the functions handle the events that the repairs have caused."""
    for item in s3.list_objects_v2(Bucket="bucket")["Contents"]:
        folder, _, image_id = item["Key"].partition("/")
        if folder == "uploads":
            world.processor.accept(image_id)
    for item in s3.list_objects_v2(Bucket="bucket", Prefix="originals/")["Contents"]:
        world.processor.process(item["Key"].partition("/")[2], datetime.now(UTC) - LATER, seconds=60)
    rows = {row["pk"]["S"] for row in world.dynamodb.scan(TableName="images")["Items"]}
    for item in s3.list_objects_v2(Bucket="bucket", Prefix="renditions/")["Contents"]:
        image_id = item["Key"].split("/")[1]
        if f"IMAGE#{image_id}" not in rows:
            world.storage.delete_image(image_id)


def test_nothing_is_reported_if_all_agrees(world: World) -> None:
    assert world.find() == []


@pytest.mark.parametrize(
    ("break_something", "flaw"), BREAKAGES, ids=lambda value: getattr(value, "__name__", "")
)
def test_flaw_is_found_and_repaired_and_then_gone(
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


def test_things_on_their_way_are_left_alone(world: World) -> None:
    for on_its_way in (
        lose_event,
        lose_upload_event,
        leave_upload,
        leave_original,
        leave_rendition,
        kill_after_the_verdict,
        leave_original_of_a_rejected_image,
    ):
        on_its_way(world)
    assert world.find(later=GRACE - timedelta(minutes=1)) == []


def test_record_that_has_ended_is_left_to_dynamodb(world: World) -> None:
    """It deletes the record and its entries at any time and in any order."""
    assert world.rejected.expires_at
    end = datetime.fromtimestamp(world.rejected.expires_at, UTC) - datetime.now(UTC)
    assert world.find(later=end) == []
    world.delete_row("images", *world.list_entries(world.rejected)[0])
    assert world.find(later=end) == []
    world.delete_row("images", *world.images.make_key(world.rejected.id))
    assert world.find(later=end) == []


def test_row_that_cannot_be_read_is_reported_and_left(world: World) -> None:
    world.put_row("images", "IMAGE#1", "IMAGE", size={"S": "large"})
    world.put_row("images", "PUBLIC#0", "2026-01-01T00:00:00.000000Z#1")
    (finding,) = world.make_check().find()
    assert (finding.flaw, finding.name, finding.repair) == (Flaw.UNREADABLE, "IMAGE#1", None)


def test_repair_of_what_has_changed_meanwhile_changes_nothing(world: World) -> None:
    lose_entry(world)
    (finding,) = world.make_check().find()
    assert finding.repair
    world.images.update(world.image.id, lambda old: old.model_copy(update={"description": "x"}))
    with pytest.raises(ConditionFailed):
        finding.repair()


def change(world: World, finding: Finding) -> None:
    """Change whatever the finding is about."""
    for record_id in (world.image.id, finding.name, finding.name.partition(" ")[0]):
        try:
            world.images.update(record_id, lambda old: old.model_copy(update={"description": "x"}))
        except NotFound:
            continue
    world.add_ready()
    world.add_ready(user_id="bob")


@pytest.mark.parametrize(
    "break_something",
    [lose_original, lose_rendition, lose_event, lose_entry, leave_entry_of_a_tag, miscount, forget_counter],
)
def test_repair_changes_nothing_that_has_changed_since_it_was_found(
    world: World, s3: S3Client, break_something: Callable[[World], str]
) -> None:
    break_something(world)
    (finding,) = world.make_check().find()
    change(world, finding)
    rows = world.dynamodb.scan(TableName="images")["Items"]
    objects = s3.list_objects_v2(Bucket="bucket")["Contents"]
    assert finding.repair
    with pytest.raises((Conflict, ConditionFailed)):
        finding.repair()
    assert world.dynamodb.scan(TableName="images")["Items"] == rows
    assert s3.list_objects_v2(Bucket="bucket")["Contents"] == objects


def test_image_that_changes_while_it_is_checked_is_not_judged(world: World, s3: S3Client) -> None:
    lose_original(world)

    def change_meanwhile(**_: object) -> None:
        s3.meta.events.unregister("after-call.s3.HeadObject", change_meanwhile)
        world.images.update(world.image.id, lambda old: old)

    s3.meta.events.register("after-call.s3.HeadObject", change_meanwhile)
    assert world.find() == []


def test_orphan_is_judged_on_a_consistent_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The batch read may not know a row yet. Its object is no orphan."""
    get_many = world.images.table.get_many

    def miss_the_image(keys: Sequence[Key]) -> dict[Key, Row]:
        rows = get_many(keys)
        rows.pop(world.images.make_key(world.image.id), None)
        return rows

    monkeypatch.setattr(world.images.table, "get_many", miss_the_image)
    assert world.find() == []


@pytest.mark.parametrize("fault", [Fault.FAILED, Fault.THROTTLED, Fault.NO_RESPONSE])
def test_object_that_s3_cannot_tell_of_is_not_taken_for_lost(
    world: World, s3: S3Client, fault: Fault
) -> None:
    break_calls(s3, "HeadObject", fault)
    with pytest.raises((Throttled, Unavailable)):
        world.find()


def test_any_number_of_rows_is_read_in_batches_that_dynamodb_takes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    def note_size(keys: Sequence[Key]) -> dict[Key, Row]:
        sizes.append(len(keys))
        return {key: {} for key in keys}

    monkeypatch.setattr(world.images.table, "get_many", note_size)
    keys = [(str(number), "IMAGE") for number in range(2 * MAX_KEYS_PER_READ + 1)]
    assert list(get_all(world.images.table, keys)) == keys
    assert sizes == [100, 100, 1]


def test_lost_original_of_an_image_deletes_its_record(world: World) -> None:
    lose_original(world)
    (finding,) = world.make_check().find()
    assert finding.repair
    finding.repair()
    with pytest.raises(NotFound):
        world.images.get(world.image.id)


def test_image_that_lost_a_rendition_is_processed_again_and_stays_visible(world: World) -> None:
    lose_rendition(world)
    (finding,) = world.make_check().find()
    assert finding.repair
    finding.repair()
    image = world.images.get(world.image.id)
    assert (image.status, image.is_public) == (Status.PROCESSING, True)


def test_report_names_each_finding_its_outcome_and_their_number(world: World) -> None:
    lose_entry(world)
    world.put_row("images", "IMAGE#1", "IMAGE", size={"S": "large"})
    lines: list[str] = []
    assert run_check(world.make_check(), repair=False, report=lines.append) == 2
    assert sorted(line.rpartition(": ")[2] for line in lines[:-1]) == ["found", "found"]
    assert lines[-1] == f"1 x {Flaw.MISSING_ENTRY}, 1 x {Flaw.UNREADABLE}"
    assert run_check(world.make_check(), repair=True, report=lines.append) == 1
    outcomes = sorted(line.rpartition(": ")[2] for line in lines[3:-1])
    assert outcomes == ["cannot be repaired", "repaired"]
    world.delete_row("images", "IMAGE#1", "IMAGE")
    assert run_check(world.make_check(), repair=True, report=lines.append) == 0
    assert lines[-1] == "table and bucket agree"


def test_repair_that_comes_too_late_is_reported(world: World) -> None:
    lose_entry(world)

    class Overtaken(ConsistencyCheck):
        def find(self) -> Any:  # noqa: ANN401 - findings
            for finding in world.make_check().find():
                change(world, finding)
                yield finding

    lines: list[str] = []
    check = Overtaken(world.images, world.items, world.storage)
    assert run_check(check, repair=True, report=lines.append) == 1
    assert "left as it is: it has changed" in lines[0]


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
    assert list(check_usage(world.images, max_users=size)) == []
    for user in ("user0", "user3", "user6"):
        world.delete_row("images", f"USER#{user}", "USAGE")
    wrong = sorted(finding.name for finding in check_usage(world.images, max_users=size))
    assert wrong == ["USER#user0", "USER#user3", "USER#user6"]


def test_live_changes_are_never_taken_for_flaws(world: World) -> None:
    """Whatever is written between two reads of the check."""
    turns = iter(range(10_000))

    def change(**_: object) -> None:
        turn = next(turns)
        if turn % 3 == 0:
            tags = (f"tag{turn}",)
            world.images.update(world.image.id, lambda old: old.model_copy(update={"tags": tags}))
        elif turn % 3 == 1:
            world.images.delete(world.add_ready(tags=("sea",)).id)

    busy = False

    def change_once(**_: object) -> None:
        nonlocal busy
        if not busy:
            busy = True
            change()
            busy = False

    for operation in ("Scan", "BatchGetItem", "GetItem", "TransactGetItems"):
        world.dynamodb.meta.events.register(f"after-call.dynamodb.{operation}", change_once)
    assert world.find(later=timedelta()) == []
    assert world.images.get_usage("ann") == Usage(images=1, bytes=len(PICTURE))
