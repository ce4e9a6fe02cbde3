"""The function behind the stream of the images table: what it gets, and when it gives up."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.erasures import ERASURE_KIND
from shared.files import FileRepository
from shared.images import ImageRepository
from shared.lifecycle import FAILED_LIFETIME
from shared.models import Image, Replacement, Visibility
from shared.renditions import RenditionName
from shared.trash import Trash
from tests.support.changes import make_change, select_changes
from tests.support.images import FAR_FUTURE, START, make_ready
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


def test_changes_function_gets_what_has_bytes_to_delete_and_erasures() -> None:
    filters = read_filters()
    keys = {"sk": {"S": [ImageRepository.kind]}}
    assert filters == [
        {
            "eventName": ["REMOVE"],
            "dynamodb": {"Keys": {"sk": {"S": [ImageRepository.kind, FileRepository.kind]}}},
        },
        {
            "eventName": ["MODIFY"],
            "dynamodb": {
                "Keys": keys,
                "OldImage": {"has_original": {"BOOL": [True]}},
                "NewImage": {"has_original": {"BOOL": [False]}},
            },
        },
        {
            "eventName": ["MODIFY"],
            "dynamodb": {
                "Keys": keys,
                "OldImage": {"replacement": {"M": {"has_original": {"BOOL": [True]}}}},
            },
        },
        {"eventName": ["INSERT", "MODIFY"], "dynamodb": {"Keys": {"sk": {"S": [ERASURE_KIND]}}}},
    ]
    assert "has_original" in Image.model_fields
    assert "has_original" in Replacement.model_fields


def test_changes_function_gets_changes_of_shown_images_only_for_the_cdn() -> None:
    without, filters = read_filters(), read_filters(CdnInvalidation="enabled")
    (added,) = [each for each in filters if each not in without]
    assert added == {
        "eventName": ["MODIFY"],
        "dynamodb": {
            "Keys": {"sk": {"S": [ImageRepository.kind]}},
            "OldImage": {
                "visibility": {"S": [Visibility.PUBLIC]},
                "renditions": {"M": {RenditionName.SMALL: {"M": {"size": {"N": [{"exists": True}]}}}}},
            },
        },
    }
    assert len(filters) <= 5  # more have to be asked for


@pytest.mark.parametrize(
    ("old", "new", "is_passed"),
    [
        ({}, {"visibility": Visibility.PRIVATE}, True),
        ({}, {"trash": TRASH}, True),
        ({"visibility": Visibility.PRIVATE}, {"visibility": Visibility.PUBLIC}, False),
        ({"renditions": {}}, {}, False),
    ],
)
def test_cdn_is_told_of_each_public_image_that_is_hidden(
    old: dict[str, Any], new: dict[str, Any], is_passed: bool
) -> None:
    before = make_ready(**old)
    change = make_change(before, before.model_copy(update=new))
    assert select_changes([change], CdnInvalidation="enabled") == ([change] if is_passed else [])
    assert select_changes([change]) == []


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
