"""The function behind the stream of the images table: what it gets, and when it gives up."""

from __future__ import annotations

import json
from datetime import timedelta

from shared.erasures import ERASURE_KIND
from shared.files import FileRepository
from shared.images import ImageRepository
from shared.lifecycle import FAILED_LIFETIME
from shared.trash import Trash
from tests.support.images import FAR_FUTURE, START
from tests.support.template import Node, get_att, get_properties, load, ref, resolve

TRASH = Trash(at=START, ends_at=FAR_FUTURE)


def get_variables(**parameters: object) -> dict[str, Node]:
    variables: dict[str, Node] = get_properties("ChangesFunction", **parameters)["Environment"]["Variables"]
    return variables


def get_event_source(**parameters: object) -> dict[str, Node]:
    (event,) = get_properties("ChangesFunction", **parameters)["Events"].values()
    assert event["Type"] == "DynamoDB"
    return dict(event["Properties"])


def read_filters(**parameters: object) -> list[Node]:
    filters = get_event_source(**parameters)["FilterCriteria"]["Filters"]
    return [json.loads(each["Pattern"]) for each in filters]


def test_changes_function_gets_every_change_of_images_and_what_ends() -> None:
    assert read_filters() == [
        {"dynamodb": {"Keys": {"sk": {"S": [ImageRepository.kind]}}}},
        {"eventName": ["REMOVE"], "dynamodb": {"Keys": {"sk": {"S": [FileRepository.kind]}}}},
        {"eventName": ["INSERT", "MODIFY"], "dynamodb": {"Keys": {"sk": {"S": [ERASURE_KIND]}}}},
    ]
    assert len(read_filters()) <= 5  # more have to be asked for


def test_changes_function_gives_up_long_before_the_stream_does() -> None:
    source = get_event_source()
    del source["FilterCriteria"]
    assert source == {
        "Stream": get_att("ImagesTable", "StreamArn"),
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 100,
        "ParallelizationFactor": 10,
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": 50,
        "MaximumRecordAgeInSeconds": 6 * 3600,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "DestinationConfig": {"OnFailure": {"Type": "SQS", "Destination": get_att("FailureQueue")}},
    }
    kept = get_event_source(KeptImagesTableName="images", KeptImagesStreamArn="arn:stream")
    assert kept["Stream"] == "arn:stream"


def test_changes_function_reports_failed_entries_only_where_lambda_reads_the_report() -> None:
    assert get_variables()["REPORTS_BATCH_FAILURES"] == "true"
    assert get_variables(Environment="local")["REPORTS_BATCH_FAILURES"] == ""
    assert "FunctionResponseTypes" not in get_event_source(Environment="local")
    assert get_variables()["FAILURE_QUEUE"] == ref("FailureQueue")


def test_failure_queue_keeps_events_as_long_as_images_wait_for_them() -> None:
    days = 14
    assert timedelta(days=days) == FAILED_LIFETIME
    assert resolve(load()["Resources"]["FailureQueue"]["Properties"]) == {
        "MessageRetentionPeriod": days * 24 * 3600,
        "SqsManagedSseEnabled": True,
    }
