"""Single repairs of the consistency check, and the parts of a deployment that it reads."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from operations.consistency import GRACE, make_check
from operations.findings import Flaw
from shared.errors import NotFound
from shared.keys import make_original_key, make_upload_key
from tests.support.breakages import (
    kill_after_the_verdict,
    leave_original,
    lose_event,
    lose_original,
    lose_rendition,
    lose_upload_event,
)
from tests.support.handlers import listen

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from tests.support.world import World


OUTPUTS = {"ImagesTableName": "images", "ItemsTableName": "items", "BucketName": "bucket"}


def repair(world: World, s3: S3Client) -> list[str]:
    """Repair the only finding. Return the keys of the objects that get an event by it."""
    copied: list[str] = []
    listen(s3, "provide-client-params.s3.CopyObject", lambda params, **_: copied.append(params["Key"]))
    (finding,) = world.make_check().find()
    assert finding.repair
    finding.repair()
    return copied


def test_check_of_a_stack_reads_the_tables_and_the_bucket_of_its_outputs(world: World, s3: S3Client) -> None:
    name = lose_original(world)
    clients: dict[str, Any] = {"dynamodb": world.dynamodb, "s3": s3}
    check = make_check(clients.__getitem__, OUTPUTS, grace=GRACE)
    assert [(finding.flaw, finding.name) for finding in check.find()] == [(Flaw.LOST_ORIGINAL, name)]


def test_upload_event_that_was_lost_is_sent_again(world: World, s3: S3Client) -> None:
    image_id = lose_upload_event(world)
    assert repair(world, s3) == [make_upload_key(image_id)]


@pytest.mark.parametrize("break_something", [lose_event, lose_rendition])
def test_image_that_is_tried_again_gets_an_event(
    world: World, s3: S3Client, break_something: Callable[[World], str]
) -> None:
    image_id = break_something(world)
    assert repair(world, s3) == [make_original_key(image_id, 2)]


def test_reason_of_a_rejection_survives_its_repair(world: World, s3: S3Client) -> None:
    image_id = kill_after_the_verdict(world)
    repair(world, s3)
    rejected = world.images.get(image_id)
    assert (rejected.status_reason, rejected.has_original) == ("Why.", False)


def test_image_that_is_deleted_while_it_is_checked_is_no_flaw(
    world: World, s3: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.consistency.MAX_CONCURRENT_CALLS", 1)  # moto is not safe for threads
    image_id = lose_original(world)

    def delete(**_: object) -> None:
        with suppress(NotFound):
            world.images.delete(image_id)

    listen(s3, "before-call.s3.HeadObject", delete)
    assert (Flaw.LOST_ORIGINAL, image_id) not in world.find()


@pytest.mark.parametrize(("grace", "is_found"), [(GRACE, False), (timedelta(seconds=-5), True)])
def test_check_of_a_stack_has_the_grace_that_is_asked_for(
    world: World, s3: S3Client, grace: timedelta, is_found: bool
) -> None:
    key = leave_original(world)
    clients: dict[str, Any] = {"dynamodb": world.dynamodb, "s3": s3}
    check = make_check(clients.__getitem__, OUTPUTS, grace=grace)
    assert ((Flaw.ORPHAN, key) in [(finding.flaw, finding.name) for finding in check.find()]) is is_found
