from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from operations.consistency import GRACE, ConsistencyCheck, run_check
from operations.findings import Finding, Flaw
from shared.errors import Conflict, NotFound, Throttled, Unavailable
from shared.keys import make_original_key, make_variant_key, parse_original_key, parse_upload_key
from shared.lifecycle import Status
from shared.transactions import ConditionFailed
from tests.support.breakages import (
    BREAKAGES,
    forget_counter,
    kill_after_the_verdict,
    leave_entry_of_a_tag,
    leave_original,
    leave_original_of_a_rejected_image,
    leave_rendition,
    leave_upload,
    leave_variant,
    lose_entry,
    lose_event,
    lose_original,
    lose_rendition,
    lose_upload_event,
    miscount,
)
from tests.support.breakages_tags import TAG_BREAKAGES
from tests.support.faults import Fault, break_calls
from tests.support.handlers import listen
from tests.support.images import VARIANT
from tests.support.world import LATER, PICTURE

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from tests.support.world import World


def settle(world: World, s3: S3Client) -> None:
    """Let the functions handle the events that the repairs have caused."""

    def list_keys() -> list[str]:
        return [found["Key"] for found in s3.list_objects_v2(Bucket="bucket")["Contents"]]

    for key in list_keys():
        if upload := parse_upload_key(key):
            world.processor.accept(upload, datetime.now(UTC))
    for key in list_keys():
        if original := parse_original_key(key):
            world.processor.process(original, datetime.now(UTC) - LATER, seconds=60)
    world.follow()


def test_nothing_is_reported_if_all_agrees(world: World) -> None:
    assert world.find() == []


def test_variants_of_an_image_belong_to_it(world: World) -> None:
    world.storage.add(make_variant_key(world.image.id, VARIANT, world.image.revision), b"x", "image/webp")
    assert world.find() == []


@pytest.mark.parametrize(
    ("break_something", "flaw"),
    [*BREAKAGES, *TAG_BREAKAGES],
    ids=lambda value: getattr(value, "__name__", ""),
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
        leave_variant,
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


def test_image_that_changes_while_it_is_checked_is_not_judged(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_original(world)
    has = world.storage.has

    def change_meanwhile(key: str) -> bool:
        if key == make_original_key(world.image.id):
            world.images.update(world.image.id, lambda old: old)
        return has(key)

    monkeypatch.setattr(world.storage, "has", change_meanwhile)
    assert world.find() == []


@pytest.mark.parametrize("fault", [Fault.FAILED, Fault.THROTTLED, Fault.NO_RESPONSE])
def test_object_that_s3_cannot_tell_of_is_not_taken_for_lost(
    world: World, s3: S3Client, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    break_calls(s3, "HeadObject", fault)
    with pytest.raises((Throttled, Unavailable)):
        world.find()


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
    check = Overtaken(world.images, world.files, world.items, world.storage, world.tag_check)
    assert run_check(check, repair=True, report=lines.append) == 1
    assert "left as it is: it has changed" in lines[0]


def test_live_changes_are_never_taken_for_flaws(world: World) -> None:
    """Whatever is written between two reads of the check."""
    world.pass_time(-LATER.total_seconds())  # what is reserved is reserved now
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
        listen(world.dynamodb, f"after-call.dynamodb.{operation}", change_once)
    assert world.find(later=timedelta()) == []
    busy = True
    world.follow()
    assert world.count("ann") == (1, len(PICTURE))
