from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from operations.connection import connect

PROCESSOR_ARN = "arn:aws:lambda:us-east-1:123456789012:function:processor"
OUTPUTS = {
    "BucketName": "kept",
    "ProcessorFunctionName": "processor",
    "ApiFunctionName": "api",
    "VariantDays": "7",
    "RecoveryDays": "0",
}
FUNCTIONS = {
    "processor": {"FunctionArn": PROCESSOR_ARN, "Environment": {"Variables": {}}},
    "api": {"Environment": {"Variables": {"ALLOWED_ORIGINS": "https://a.example,https://b.example"}}},
}


@pytest.fixture
def s3() -> Any:  # noqa: ANN401 - a generator of a client
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="kept")
        yield client


def connect_to(s3: Any, recovery_days: int = 0) -> str:  # noqa: ANN401 - a client
    functions = SimpleNamespace(get_function_configuration=lambda FunctionName: FUNCTIONS[FunctionName])  # noqa: N803
    return connect(
        {"s3": s3, "lambda": functions}.__getitem__, OUTPUTS | {"RecoveryDays": str(recovery_days)}
    )


@pytest.mark.parametrize("times", [1, 2])
def test_kept_bucket_gets_what_the_template_gives_to_a_new_one(s3: Any, times: int) -> None:  # noqa: ANN401
    for _ in range(times):
        assert connect_to(s3) == "kept"
    notifications = s3.get_bucket_notification_configuration(Bucket="kept")["LambdaFunctionConfigurations"]
    assert [
        (
            each["LambdaFunctionArn"],
            each["Events"],
            [(rule["Name"].lower(), rule["Value"]) for rule in each["Filter"]["Key"]["FilterRules"]],
        )
        for each in notifications
    ] == [
        (PROCESSOR_ARN, ["s3:ObjectCreated:*"], [("prefix", prefix)])
        for prefix in ("uploads/", "originals/", "files/")
    ]
    assert s3.get_bucket_lifecycle_configuration(Bucket="kept")["Rules"] == [
        {
            "ID": "AbortUnfinishedUploads",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        },
        {
            "ID": "DeleteForgottenUploads",
            "Status": "Enabled",
            "Filter": {"Prefix": "uploads/"},
            "Expiration": {"Days": 15},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        },
        {
            "ID": "DeleteVariants",
            "Status": "Enabled",
            "Filter": {"Prefix": "variants/"},
            "Expiration": {"Days": 7},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        },
        {
            "ID": "DeleteTombstones",
            "Status": "Enabled",
            "Filter": {"Prefix": "erasures/"},
            "Expiration": {"Days": 36},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        },
        {
            "ID": "DeleteVersions",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "Expiration": {"ExpiredObjectDeleteMarker": True},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        },
    ]
    shared = {"AllowedHeaders": ["*"], "MaxAgeSeconds": 3600}
    assert s3.get_bucket_cors(Bucket="kept")["CORSRules"] == [
        shared | {"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "HEAD"], "ExposeHeaders": ["ETag"]},
        shared
        | {
            "AllowedOrigins": ["https://a.example", "https://b.example"],
            "AllowedMethods": ["POST"],
            "ExposeHeaders": ["ETag", "Location"],
        },
    ]


def test_kept_bucket_keeps_versions_for_as_long_as_its_stack_says(s3: Any) -> None:  # noqa: ANN401 - a client
    def read(days: int) -> tuple[str | None, int]:
        connect_to(s3, days)
        rule = s3.get_bucket_lifecycle_configuration(Bucket="kept")["Rules"][-1]
        status = s3.get_bucket_versioning(Bucket="kept").get("Status")
        return status, rule["NoncurrentVersionExpiration"]["NoncurrentDays"]

    assert [read(days) for days in (0, 7, 0)] == [(None, 1), ("Enabled", 7), ("Suspended", 1)]


def test_what_an_earlier_stack_has_left_is_replaced(s3: Any) -> None:  # noqa: ANN401 - a client
    rule = {"AllowedOrigins": ["https://old.example"], "AllowedMethods": ["PUT"]}
    s3.put_bucket_cors(Bucket="kept", CORSConfiguration={"CORSRules": [rule]})
    connect_to(s3)
    assert "https://old.example" not in str(s3.get_bucket_cors(Bucket="kept")["CORSRules"])
