"""Changes that cannot be followed: they go into the failure queue, and hold up nobody."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from operations.redrive import redrive
from shared.images import make_record_key
from shared.rows import encode_key
from tests.support.client import await_end, await_value, find_objects, read_usage, upload_form
from tests.support.pictures import make_photo
from tests.support.rights import empty_failures, find_failure, list_failures, without

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import Stack

PHOTO = make_photo(1)
SECONDS = 20


@pytest.fixture
def api(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.api_url, timeout=60) as client:
        yield client


@pytest.fixture(autouse=True)
def _empty_queue(stack: Stack) -> Iterator[None]:
    empty_failures(stack)
    yield
    empty_failures(stack)


@pytest.fixture
def user() -> str:
    return f"u-{uuid.uuid4()}"


def upload_ready(api: httpx.Client, user: str) -> str:
    image_id: str = upload_form(api, PHOTO, user=user)["id"]
    await_end(api, image_id, user=user)
    return image_id


def poison(stack: Stack) -> str:
    """Write a row that is no image, and delete it: two changes that cannot be read. Return its id."""
    image_id = str(uuid.uuid4())
    key, table = encode_key(make_record_key(image_id)), stack.outputs["ImagesTableName"]
    dynamodb = stack.client("dynamodb")
    dynamodb.put_item(TableName=table, Item={**key, "status": {"S": "broken"}})
    dynamodb.delete_item(TableName=table, Key=key)
    return image_id


def find_both(stack: Stack, image_id: str) -> list[Any] | None:
    """Return the messages of the two changes of a poisoned row. None until both are there."""
    found = [body for body in list_failures(stack) if image_id in json.dumps(body)]
    return found if len(found) == 2 else None


def await_gone(stack: Stack, image_id: str) -> None:
    await_value(lambda: None if image_id in find_objects(stack) else True, seconds=SECONDS)


def test_poisoned_change_is_put_aside_with_its_key_and_its_old_image(stack: Stack) -> None:
    image_id = poison(stack)
    failures = await_value(lambda: find_both(stack, image_id))
    (change,) = [each["change"]["dynamodb"] for each in failures if "OldImage" in each["change"]["dynamodb"]]
    key = encode_key(make_record_key(image_id))
    assert (change["Keys"], change["OldImage"]) == (key, {**key, "status": {"S": "broken"}})
    assert {failure["error"] for failure in failures} == {"ValidationError"}


def test_poisoned_changes_hold_up_nobody(stack: Stack, api: httpx.Client, user: str) -> None:
    ids = [upload_ready(api, user) for _ in range(3)]
    poisoned = []
    for image_id in ids:
        poisoned.append(poison(stack))
        api.delete(f"/images/{image_id}", headers={"X-User-Id": user})
    for image_id in ids:
        await_gone(stack, image_id)
    none: Any = {"images": 0, "bytes": 0}
    await_value(lambda: True if read_usage(stack, user) == none else None, seconds=SECONDS)
    for image_id in poisoned:
        await_value(lambda image_id=image_id: find_both(stack, image_id))  # type: ignore[misc] # bound now


def test_redrive_follows_what_can_be_followed_now(stack: Stack, api: httpx.Client, user: str) -> None:
    image_id = upload_ready(api, user)
    with without(stack, "Changes", "s3:DeleteObject"):
        api.delete(f"/images/{image_id}", headers={"X-User-Id": user})
        await_value(lambda: find_failure(stack, image_id))
        assert image_id in find_objects(stack)
    poisoned = poison(stack)
    await_value(lambda: find_both(stack, poisoned))
    counts = redrive(stack.client, stack.outputs)
    assert (counts.sent, counts.kept) == (1, 2)
    assert image_id not in find_objects(stack)
    assert read_usage(stack, user) == {"images": 0, "bytes": 0}


def test_redrive_reads_the_stream_again_at_the_place_of_a_batch(
    stack: Stack, api: httpx.Client, user: str
) -> None:
    """Lambda tells the place of the batch that it has given up, and not what was in it.

    Between the changes of the batch are others, which the filters leave out.
    """
    streams, table = stack.client("dynamodbstreams"), stack.outputs["ImagesTableName"]
    ids = [upload_ready(api, user) for _ in range(3)]
    with without(stack, "Changes", "s3:DeleteObject"):
        for image_id in ids:
            api.delete(f"/images/{image_id}", headers={"X-User-Id": user})
        for image_id in ids:
            await_value(lambda image_id=image_id: find_failure(stack, image_id))  # type: ignore[misc] # bound now
    empty_failures(stack)
    arn = stack.client("dynamodb").describe_table(TableName=table)["Table"]["LatestStreamArn"]
    [shard] = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    numbers = find_removals(streams, arn, shard["ShardId"], ids)
    batch = {
        "streamArn": arn,
        "shardId": shard["ShardId"],
        "startSequenceNumber": numbers[0],
        "endSequenceNumber": numbers[-1],
        "batchSize": len(numbers),
    }
    stack.client("sqs").send_message(
        QueueUrl=stack.outputs["FailureQueueUrl"], MessageBody=json.dumps({"DDBStreamBatchInfo": batch})
    )
    assert redrive(stack.client, stack.outputs).kept == 0
    assert not find_objects(stack).keys() & {*ids}


def find_removals(streams: Any, arn: str, shard: str, ids: list[str]) -> list[str]:  # noqa: ANN401 - a client
    """Return the sequence numbers of the changes that removed these images."""
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    position, numbers = iterator["ShardIterator"], list[str]()
    while len(numbers) < len(ids):
        page = streams.get_records(ShardIterator=position)
        position = page["NextShardIterator"]
        numbers += [
            record["dynamodb"]["SequenceNumber"]
            for record in page["Records"]
            if record["eventName"] == "REMOVE"
            and record["dynamodb"]["Keys"]["sk"]["S"] == "IMAGE"
            and record["dynamodb"]["Keys"]["pk"]["S"].removeprefix("IMAGE#") in ids
        ]
    return numbers
