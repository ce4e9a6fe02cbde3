from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest

from processor.following import MAX_AGE, Follower
from shared.errors import Unavailable
from shared.keys import list_revisions, make_variant_key
from shared.lifecycle import Status
from shared.observability import get_logger
from shared.quotas import Usage
from shared.renditions import RenditionName
from shared.tag_counts import TagRepository
from tests.support.changes import make_change
from tests.support.faults import break_calls, lose_response
from tests.support.handlers import listen
from tests.support.images import FAR_FUTURE, VARIANT, make_image, make_pending, new_id

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from processor.erasing import Eraser
    from shared.models import Image
    from shared.storage import ImageStorage
    from shared.usages import UsageRepository


@dataclass
class Queue:
    """The failure queue. It can be out of order."""

    messages: list[Any] = field(default_factory=list)
    error: Exception | None = None

    def send(self, message: str) -> None:
        if self.error:
            raise self.error
        self.messages.append(json.loads(message))


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def follower(usages: UsageRepository, storage: ImageStorage, eraser: Eraser, queue: Queue) -> Follower:
    return Follower(usages, TagRepository(usages.table), storage, eraser, send=queue.send)


@pytest.fixture(autouse=True)
def logs(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    stream = StringIO()
    monkeypatch.setattr(get_logger().registered_handler, "stream", stream)
    return stream


@pytest.fixture
def image(storage: ImageStorage, usages: UsageRepository) -> Image:
    return add(storage, usages)


def add(storage: ImageStorage, usages: UsageRepository, **fields: Any) -> Image:  # noqa: ANN401 - of an image
    """An image that counts, with every object that it can have."""
    image = make_image(**fields)
    for revision in list_revisions(image):
        for key in revision.list_keys():
            storage.add(key, b"x", "image/webp")
    storage.add(make_variant_key(image.id, VARIANT, image.revision), b"x", "image/webp")
    usages.reserve(image.id, image.user_id, Usage(images=1, bytes=image.size))
    return image


def count(usages: UsageRepository) -> tuple[int, int]:
    counter = usages.get("ann")
    return counter.images, counter.bytes


def count_objects(s3: S3Client) -> int:
    return s3.list_objects_v2(Bucket="bucket")["KeyCount"]


def discard(image: Image) -> Image:
    changes = {"status": Status.REJECTED, "has_original": False, "expires_at": FAR_FUTURE}
    return image.model_copy(update=changes)


def test_removed_image_leaves_no_byte_and_counts_no_more(
    follower: Follower, usages: UsageRepository, s3: S3Client, image: Image
) -> None:
    assert follower.follow([make_change(image)]) == {}
    assert (count(usages), count_objects(s3)) == ((0, 0), 0)


def test_bytes_of_the_revision_that_is_shown_and_of_later_ones_are_deleted(
    follower: Follower, storage: ImageStorage, usages: UsageRepository, s3: S3Client
) -> None:
    image = add(storage, usages, revision=2, latest_revision=3)
    assert count_objects(s3) == 2 * (2 + len(RenditionName)) + 1
    follower.follow([make_change(image)])
    assert count_objects(s3) == 0


def test_bytes_of_many_images_are_deleted_in_one_call(
    follower: Follower, storage: ImageStorage, usages: UsageRepository, s3: S3Client
) -> None:
    calls = []
    listen(s3, "before-call.s3.DeleteObjects", lambda **_: calls.append(1))
    images = [add(storage, usages) for _ in range(20)]
    assert follower.follow([make_change(image) for image in images]) == {}
    assert (count_objects(s3), len(calls), count(usages)) == (0, 1, (0, 0))


def test_discarded_image_counts_no_more_and_its_bytes_are_left_to_the_processor(
    follower: Follower, usages: UsageRepository, s3: S3Client, image: Image
) -> None:
    objects = count_objects(s3)
    follower.follow([make_change(image, discard(image))])
    assert (count(usages), count_objects(s3)) == ((0, 0), objects)


@pytest.mark.parametrize("times", [2, 5])
def test_what_an_image_counted_is_given_back_once(
    follower: Follower, usages: UsageRepository, storage: ImageStorage, image: Image, times: int
) -> None:
    add(storage, usages)
    changes = [make_change(image, discard(image)), make_change(discard(image)), make_change(image)]
    for _ in range(times):
        assert follower.follow(changes) == {}
    assert count(usages) == (1, 1000)


def test_image_that_never_counted_gives_nothing_back(
    follower: Follower, usages: UsageRepository, image: Image
) -> None:
    del image  # another one, which counts
    follower.follow([make_change(make_pending()), make_change(discard(make_image()))])
    assert count(usages) == (1, 1000)


def test_other_changes_change_nothing(
    follower: Follower, usages: UsageRepository, s3: S3Client, image: Image
) -> None:
    entry = make_change(image)
    entry["dynamodb"]["Keys"] = {"pk": {"S": "USER#ann#PUBLIC"}, "sk": {"S": "2026#1"}}
    objects = count_objects(s3)
    changed = image.model_copy(update={"status": Status.READY})
    assert follower.follow([entry, make_change(None, image), make_change(image, changed)]) == {}
    assert (count(usages), count_objects(s3)) == ((1, 1000), objects)


def test_poisoned_record_goes_into_the_failure_queue_and_holds_up_nobody(  # noqa: PLR0913, PLR0917 - fixtures
    follower: Follower, usages: UsageRepository, s3: S3Client, queue: Queue, image: Image, logs: StringIO
) -> None:
    poisoned = make_change(make_image(description="secret"))
    del poisoned["dynamodb"]["OldImage"]["size"]
    assert follower.follow([poisoned, make_change(image)]) == {}
    assert (count(usages), count_objects(s3)) == ((0, 0), 0)
    assert queue.messages == [{"change": poisoned, "error": "ValidationError"}]
    assert "secret" not in logs.getvalue()


def test_image_whose_bytes_s3_refuses_to_delete_holds_up_no_other(
    follower: Follower, storage: ImageStorage, usages: UsageRepository, s3: S3Client, queue: Queue
) -> None:
    images = [add(storage, usages) for _ in range(3)]
    refused = images[1]

    def refuse(parsed: dict[str, Any], **_: object) -> None:
        keys = [found["Key"] for found in s3.list_objects_v2(Bucket="bucket").get("Contents", [])]
        if any(refused.id in key for key in keys_of_call):
            parsed["Errors"] = [{"Key": keys[0] if keys else "", "Code": "AccessDenied"}]

    keys_of_call: list[str] = []

    def note(params: dict[str, Any], **_: object) -> None:
        keys_of_call[:] = [found["Key"] for found in params["Delete"]["Objects"]]

    listen(s3, "before-parameter-build.s3.DeleteObjects", note)
    listen(s3, "after-call.s3.DeleteObjects", refuse)
    changes = [make_change(image) for image in images]
    assert follower.follow(changes) == {}
    assert queue.messages == [{"change": changes[1], "error": "DeletionFailed"}]
    assert count(usages) == (1, 1000)


@pytest.mark.parametrize(("age", "comes_again"), [(0, True), (3590, True), (3610, False)])
@pytest.mark.parametrize("operation", ["DeleteObjects", "PutItem"])
def test_fault_that_may_pass_is_tried_again_for_an_hour(  # noqa: PLR0913, PLR0917 - rows and fixtures
    follower: Follower,
    s3: S3Client,
    dynamodb: DynamoDBClient,
    queue: Queue,
    image: Image,
    operation: str,
    age: int,
    comes_again: bool,
) -> None:
    assert MAX_AGE.total_seconds() == 3600
    change = make_change(image, at=time.time() - age)
    break_calls(s3 if operation == "DeleteObjects" else dynamodb, operation)
    failures = follower.follow([change])
    assert [*failures] == ([change["dynamodb"]["SequenceNumber"]] if comes_again else [])
    assert [message["error"] for message in queue.messages] == ([] if comes_again else ["Unavailable"])


def test_change_that_cannot_be_put_aside_comes_again(follower: Follower, queue: Queue, image: Image) -> None:
    queue.error = Unavailable()
    poisoned = make_change(image)
    del poisoned["dynamodb"]["OldImage"]["size"]
    assert [*follower.follow([poisoned])] == [poisoned["dynamodb"]["SequenceNumber"]]


@pytest.mark.parametrize("operation", ["PutItem", "UpdateItem"])
def test_lost_response_gives_back_once(
    follower: Follower, usages: UsageRepository, dynamodb: DynamoDBClient, image: Image, operation: str
) -> None:
    usages.reserve(new_id(), "ann", Usage(images=1, bytes=1))
    fault = lose_response(dynamodb, operation)
    assert follower.follow([make_change(image)]) == {}
    assert fault.tries == 2
    assert count(usages) == (1, 1)


def test_function_that_dies_after_its_marker_leaves_the_user_charged(
    follower: Follower, usages: UsageRepository, dynamodb: DynamoDBClient, image: Image
) -> None:
    """It must not be given back twice, and nobody knows if it was given back once."""
    fault = break_calls(dynamodb, "UpdateItem")
    assert follower.follow([make_change(image)])
    fault.end()
    assert follower.follow([make_change(image)]) == {}
    assert count(usages) == (1, 1000)


def test_change_of_another_table_deletes_nothing_here(
    follower: Follower, usages: UsageRepository, s3: S3Client, queue: Queue, image: Image
) -> None:
    """A table was restored, and the image that was deleted from the old one lives again."""
    objects = count_objects(s3)
    change = make_change(image, table="old-images")
    assert follower.follow([change]) == {}
    assert (count(usages), count_objects(s3)) == ((1, 1000), objects)
    assert queue.messages == [{"change": change, "error": "ForeignChange"}]


def test_images_of_a_user_are_given_back_together(
    follower: Follower, storage: ImageStorage, usages: UsageRepository
) -> None:
    images = [add(storage, usages, user_id=user) for user in ("ann", "bob") * 10]
    before = usages.get("ann").version
    assert follower.follow([make_change(image) for image in images]) == {}
    assert (count(usages), usages.get("bob").images, usages.get("ann").version) == ((0, 0), 0, before + 1)
