"""Slices of an erasure that fail: they come again, or end in the failure queue and hold up nobody."""

from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest

from shared.errors import Unavailable
from shared.observability import get_logger
from shared.quotas import Usage
from tests.support.faults import break_calls
from tests.support.handlers import listen

if TYPE_CHECKING:
    from shared.erasures import Erasure
    from shared.models import Image
    from tests.support.erasures import Estate


@pytest.fixture(autouse=True)
def logs(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    stream = StringIO()
    monkeypatch.setattr(get_logger().registered_handler, "stream", stream)
    return stream


def read(estate: Estate, user_id: str = "ann") -> Erasure:
    erasure = estate.erasures.get(user_id)
    assert erasure
    return erasure


def set_size(estate: Estate, image: Image, size: Any) -> None:  # noqa: ANN401 - DynamoDB's shapes
    """With a text for a number, the record cannot be read."""
    estate.dynamodb.update_item(
        TableName="images",
        Key={"pk": {"S": f"IMAGE#{image.id}"}, "sk": {"S": "IMAGE"}},
        UpdateExpression="SET #size = :size",
        ExpressionAttributeNames={"#size": "size"},
        ExpressionAttributeValues={":size": size},
    )


@pytest.mark.parametrize("kind", ["GetItem", "Query", "TransactWriteItems", "UpdateItem"])
def test_slice_that_fails_for_a_moment_comes_again(estate: Estate, kind: str) -> None:
    estate.fill()
    estate.begin()
    injection = break_calls(estate.dynamodb, kind)
    failures = estate.follow()
    assert [type(error) for error in failures.values()]
    assert all(isinstance(error, Unavailable) for error in failures.values())
    assert injection.delivered
    injection.end()
    estate.settle()
    estate.require_gone()


def test_record_that_cannot_be_read_ends_in_the_failure_queue(estate: Estate, logs: StringIO) -> None:
    poisoned = estate.add_image()
    estate.fill(count=3)
    set_size(estate, poisoned, {"S": "large"})
    estate.begin()
    estate.settle()
    erasure = read(estate)
    assert erasure.finished_at is None
    assert erasure.amounts == {"images": 6, "files": 3, "items": 3}
    *_, message = map(json.loads, estate.messages)
    assert {json.loads(each)["error"] for each in estate.messages} == {"ValidationError"}
    assert message["change"]["dynamodb"]["Keys"] == {"pk": {"S": "USER#ann"}, "sk": {"S": "ERASURE"}}
    assert "USER#ann" not in logs.getvalue()


def test_erasure_goes_on_when_its_message_is_sent_again(estate: Estate) -> None:
    poisoned = estate.add_image()
    set_size(estate, poisoned, {"S": "large"})
    estate.begin()
    estate.settle()
    set_size(estate, poisoned, {"N": str(poisoned.size)})
    estate.collect()
    estate.changes += [json.loads(message)["change"] for message in estate.messages]
    estate.settle()
    estate.require_gone()


def test_change_of_another_table_erases_nothing(estate: Estate) -> None:
    estate.fill()
    estate.begin()
    for record in estate.collect():
        record["eventSourceARN"] = record["eventSourceARN"].replace(":table/images/", ":table/old/")
    estate.settle()
    assert read(estate).version == 1
    assert {json.loads(message)["error"] for message in estate.messages} == {"ForeignChange"}


def test_row_that_is_no_erasure_ends_in_the_failure_queue(estate: Estate) -> None:
    key: Any = {"pk": {"S": "USER#ann"}, "sk": {"S": "ERASURE"}}
    estate.dynamodb.put_item(TableName="images", Item=key)
    estate.settle()
    assert [json.loads(message)["error"] for message in estate.messages] == ["ValidationError"]


def test_change_after_the_counter_was_read_holds_the_end_up(estate: Estate) -> None:
    estate.begin()
    bumped: list[int] = []

    def bump(**_: object) -> None:
        if not bumped:
            bumped.append(1)
            estate.usages.release("late", "ann", Usage(items=-1))

    listen(estate.s3, "before-call.s3.PutObject", bump)
    estate.follow()
    assert read(estate).finished_at is None
    estate.settle()
    estate.require_gone()


def test_log_tells_how_far_an_erasure_is_and_not_whose(estate: Estate, logs: StringIO) -> None:
    estate.fill("ann@example.org")
    estate.begin("ann@example.org")
    estate.settle()
    lines = [json.loads(line) for line in logs.getvalue().splitlines()]
    erased = [line for line in lines if line["message"] == "erased"]
    assert erased[0]["deleted"] == {"images": 2, "files": 1, "items": 1}
    assert [line["is_finished"] for line in erased].count(True) == 1
    assert "example.org" not in logs.getvalue()
