from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from processor import changes
from shared.aws import create_client
from shared.errors import Unavailable
from shared.keys import Revision, make_original_key
from shared.lifecycle import Status
from shared.models import Visibility
from shared.quotas import Usage
from tests.support.api import make_context
from tests.support.bus import Bus
from tests.support.changes import make_change
from tests.support.clock import assert_calls_end_in_time
from tests.support.factories import forgetting
from tests.support.images import make_image, new_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.models import Image
    from shared.storage import ImageStorage
    from shared.usages import UsageRepository


@dataclass
class Spy:
    """Stands in for the follower."""

    failures: dict[str, Exception] = field(default_factory=dict)
    followed: list[Any] = field(default_factory=list)

    def follow(self, records: list[Any]) -> dict[str, Exception]:
        self.followed += records
        return self.failures


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    with forgetting(changes.create_follower, changes.get_settings, changes.get_deadline):
        yield


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> Spy:
    spy = Spy()
    monkeypatch.setattr(changes, "create_follower", lambda: spy)
    return spy


def handle(*records: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return changes.lambda_handler({"Records": [*records]}, make_context())


def test_all_records_of_a_batch_are_followed(spy: Spy) -> None:
    assert handle("first", "second") == {"batchItemFailures": []}
    assert spy.followed == ["first", "second"]


def test_records_that_failed_are_named_where_lambda_reads_their_names(
    spy: Spy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPORTS_BATCH_FAILURES", "true")
    spy.failures = {"7": Unavailable(), "9": Unavailable()}
    assert handle() == {"batchItemFailures": [{"itemIdentifier": "7"}, {"itemIdentifier": "9"}]}


def test_batch_fails_where_lambda_reads_no_names(spy: Spy) -> None:
    spy.failures = {"7": Unavailable()}
    with pytest.raises(ExceptionGroup, match="1 changes failed"):
        handle()


def test_no_call_outlives_the_invocation(monkeypatch: pytest.MonkeyPatch, spy: Spy) -> None:
    del spy
    assert_calls_end_in_time(monkeypatch, "processor.changes", handle)


@pytest.fixture
def image(storage: ImageStorage, usages: UsageRepository) -> Image:
    image = make_image()
    storage.add(make_original_key(image.id), b"x", "image/jpeg")
    usages.reserve(new_id(), "ann", Usage(images=1, bytes=image.size))
    return image


def test_stores_are_those_of_the_settings(
    storage: ImageStorage, usages: UsageRepository, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = boto3.client("sqs").create_queue(QueueName="failures")["QueueUrl"]
    monkeypatch.setenv("FAILURE_QUEUE", queue)
    poisoned = make_change(image)
    del poisoned["dynamodb"]["OldImage"]["size"]
    assert handle(make_change(image), poisoned) == {"batchItemFailures": []}
    assert not storage.has(make_original_key(image.id))
    assert usages.get("ann").images == 0
    (message,) = boto3.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"])["change"] == poisoned


@pytest.mark.usefixtures("storage", "usages")
def test_images_to_forget_go_into_their_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = boto3.client("sqs").create_queue(QueueName="invalidations")["QueueUrl"]
    monkeypatch.setenv("INVALIDATION_QUEUE", queue)
    image = make_image(visibility=Visibility.PUBLIC, status=Status.READY)
    assert handle(make_change(image)) == {"batchItemFailures": []}
    (message,) = boto3.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"]) == {"images": [image.id]}


@pytest.mark.usefixtures("storage", "usages")
def test_events_go_to_the_bus_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    bus = Bus()

    def create(service: Any, **options: Any) -> Any:  # noqa: ANN401 - of `create_client`
        return bus if service == "events" else create_client(service, **options)

    monkeypatch.setattr("processor.changes.create_client", create)
    monkeypatch.setenv("EVENT_BUS", "images")
    monkeypatch.setenv("STACK_ID", "arn:stack")
    image = make_image()
    assert handle(make_change(image)) == {"batchItemFailures": []}
    assert bus.published == [(image.id, 2)]
    ((entry,),) = bus.calls
    assert (entry["EventBusName"], entry["Resources"]) == ("images", ["arn:stack"])


@pytest.mark.usefixtures("s3")
def test_clients_keep_to_the_deadline(usages: UsageRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    del usages
    monkeypatch.setenv("FAILURE_QUEUE", "https://sqs.eu-central-1.amazonaws.com/123456789012/failures")
    follower = changes.create_follower()
    assert follower is changes.create_follower()
    changes.get_deadline().start(1)
    failures = follower.follow([make_change(make_image())])
    assert "too slow" in str([*failures.values()])
    with pytest.raises(Unavailable, match="too slow"):
        changes.send_failure("")
    with pytest.raises(Unavailable, match="too slow"):
        follower._storage.delete_revisions([Revision("1")])  # noqa: SLF001 - its client is asked
