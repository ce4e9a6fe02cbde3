"""The template's tables and bucket: how they keep data, and who can reach it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.idempotency import OutcomeStore
from local.deployment import EXPIRY_ATTRIBUTE
from shared.aws import create_client
from shared.erasures import TOMBSTONE_LIFETIME
from shared.images import ImageRepository
from shared.keys import FILES_PREFIX, ORIGINALS_PREFIX, UPLOADS_PREFIX, VARIANTS_PREFIX
from shared.lifecycle import FAILED_LIFETIME
from shared.records import Claim
from shared.tombstones import TOMBSTONES_PREFIX
from shared.transactions import Transaction
from tests.support.images import FAR_FUTURE, make_image
from tests.support.template import Node, get_att, get_properties, get_resources, load, ref, sub

BUCKET_ARN = "arn:${AWS::Partition}:s3:::${BucketNameParameter.Value}"
RECORD_KEYS = [("pk", "HASH"), ("sk", "RANGE")]
RECORD_TABLE = {
    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
    "DeletionProtectionEnabled": False,
}
TABLES: dict[str, tuple[list[tuple[str, str]], Node]] = {
    "ImagesTable": (
        RECORD_KEYS,
        RECORD_TABLE | {"StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"}},
    ),
    "ItemsTable": (RECORD_KEYS, RECORD_TABLE),
    "IdempotencyTable": ([("id", "HASH")], {}),
}
RETAINED = {"ImagesTable", "ItemsTable", "Bucket", "OwnUserPool", "LinkSecret"}


@pytest.mark.parametrize("name", TABLES)
def test_table_is_encrypted_and_forgets_what_has_expired(name: str) -> None:
    keys, more = TABLES[name]
    assert get_properties(name) == more | {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
        "KeySchema": [{"AttributeName": key, "KeyType": kind} for key, kind in keys],
        "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
        "SSESpecification": {"SSEEnabled": True},
    }


def test_there_are_no_other_tables_and_buckets() -> None:
    assert {*get_resources("AWS::DynamoDB::Table")} == {*TABLES}
    assert {*get_resources("AWS::S3::Bucket")} == {"Bucket"}


def test_attribute_that_expires_rows_is_the_one_that_the_code_writes() -> None:
    image = make_image(expires_at=FAR_FUTURE, tags=("a",))
    repository = ImageRepository.__new__(ImageRepository)
    transaction = (
        Transaction()
        .add(("a", "b"), image)
        .put_entries(repository.get_entries(image))
        .add(("c", "d"), Claim(record_id="1", expires_at=1))
    )
    rows = [write["Put"]["Item"] for write in transaction.make_writes("images")]
    assert len(rows) == 2 + len(repository.get_entries(image))
    assert all("expires_at" in row for row in rows)
    assert OutcomeStore(create_client("dynamodb"), "x").expiry_attr == "expires_at" == EXPIRY_ATTRIBUTE


def test_data_outlive_their_stack() -> None:
    kept = {
        name: (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy"))
        for name, resource in load()["Resources"].items()
        if {"DeletionPolicy", "UpdateReplacePolicy"} & {*resource}
    }
    assert kept == dict.fromkeys(RETAINED, ("RetainExceptOnCreate", "Retain"))


@pytest.mark.parametrize(("protection", "is_protected"), [("enabled", True), ("disabled", False)])
@pytest.mark.parametrize("name", ["ImagesTable", "ItemsTable"])
def test_tables_are_protected_where_the_parameter_says(
    name: str, protection: str, is_protected: bool
) -> None:
    properties = get_properties(name, DeletionProtection=protection)
    assert properties["DeletionProtectionEnabled"] is is_protected


def test_nothing_is_protected_that_a_failed_first_deployment_must_remove() -> None:
    for environment in ("dev", "prod"):
        for name in ("ImagesTable", "ItemsTable"):
            assert get_properties(name, Environment=environment)["DeletionProtectionEnabled"] is False
        assert get_properties("OwnUserPool", Environment=environment)["DeletionProtection"] == "INACTIVE"


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({}, sub("${AWS::StackName}-${AWS::AccountId}-${AWS::Region}")),
        ({"BucketName": "new"}, sub("${BucketName}${KeptBucketName}")),
        ({"KeptBucketName": "old"}, sub("${BucketName}${KeptBucketName}")),
    ],
)
def test_bucket_has_its_name_from_one_place(parameters: dict[str, str], name: Node) -> None:
    parameter = get_properties("BucketNameParameter", **parameters)
    assert (parameter["Type"], parameter["Value"]) == ("String", name)
    assert get_properties("Bucket")["BucketName"] == get_att("BucketNameParameter", "Value")


def test_bucket_tells_the_processor_of_uploads_and_originals() -> None:
    assert get_properties("Bucket")["NotificationConfiguration"] == {
        "LambdaConfigurations": [
            {
                "Event": "s3:ObjectCreated:*",
                "Function": get_att("ProcessorFunction"),
                "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": prefix}]}},
            }
            for prefix in (UPLOADS_PREFIX, ORIGINALS_PREFIX, FILES_PREFIX)
        ]
    }
    assert get_properties("BucketMayCallProcessor") == {
        "FunctionName": ref("ProcessorFunction"),
        "Action": "lambda:InvokeFunction",
        "Principal": "s3.amazonaws.com",
        "SourceAccount": ref("AWS::AccountId"),
        "SourceArn": sub(BUCKET_ARN),
    }


def test_bucket_is_private_and_encrypted() -> None:
    bucket = get_properties("Bucket")
    assert bucket["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert bucket["BucketEncryption"] == {
        "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    }


def test_forgotten_uploads_end_a_day_after_the_queue_forgets_their_events() -> None:
    unfinished, forgotten, *_ = get_properties("Bucket")["LifecycleConfiguration"]["Rules"]
    assert unfinished == {
        "Id": "AbortUnfinishedUploads",
        "Status": "Enabled",
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    }
    assert forgotten == {
        "Id": "DeleteForgottenUploads",
        "Status": "Enabled",
        "Prefix": UPLOADS_PREFIX,
        "ExpirationInDays": 15,
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    }
    assert timedelta(days=forgotten["ExpirationInDays"]) == FAILED_LIFETIME + timedelta(days=1)


@pytest.mark.parametrize(("parameters", "days"), [({}, 30), ({"VariantDays": 7}, 7)])
def test_variants_end_after_some_days(parameters: dict[str, Node], days: int) -> None:
    rules = get_properties("Bucket", **parameters)["LifecycleConfiguration"]["Rules"]
    assert [rule for rule in rules if rule.get("Prefix") == VARIANTS_PREFIX] == [
        {
            "Id": "DeleteVariants",
            "Status": "Enabled",
            "Prefix": VARIANTS_PREFIX,
            "ExpirationInDays": days,
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        }
    ]


def test_tombstones_outlive_every_moment_that_a_table_can_be_restored_to() -> None:
    *_, rule, _ = get_properties("Bucket")["LifecycleConfiguration"]["Rules"]
    assert rule == {
        "Id": "DeleteTombstones",
        "Status": "Enabled",
        "Prefix": TOMBSTONES_PREFIX,
        "ExpirationInDays": 36,
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    }
    assert timedelta(days=rule["ExpirationInDays"]) == TOMBSTONE_LIFETIME > timedelta(days=35)


@pytest.mark.parametrize(
    ("days", "versioning", "kept_days"),
    [(0, None, 1), (1, {"Status": "Enabled"}, 1), (35, {"Status": "Enabled"}, 35)],
)
def test_bucket_keeps_versions_for_as_many_days_as_the_parameter_says(
    days: int, versioning: Node, kept_days: int
) -> None:
    bucket = get_properties("Bucket", RecoveryDays=days)
    assert bucket.get("VersioningConfiguration") == versioning
    assert bucket["LifecycleConfiguration"]["Rules"][-1] == {
        "Id": "DeleteVersions",
        "Status": "Enabled",
        "NoncurrentVersionExpiration": {"NoncurrentDays": kept_days},
        "ExpiredObjectDeleteMarker": True,
    }


def test_nothing_is_kept_for_longer_than_the_tombstones_of_the_erased() -> None:
    assert timedelta(days=load()["Parameters"]["RecoveryDays"]["MaxValue"]) < TOMBSTONE_LIFETIME


@pytest.mark.parametrize("origins", ["*", ["https://a.example", "https://b.example"]])
def test_every_page_may_read_and_only_allowed_ones_may_post(origins: str | list[str]) -> None:
    reading, posting = get_properties("Bucket", AllowedOrigins=origins)["CorsConfiguration"]["CorsRules"]
    shared = {"AllowedHeaders": ["*"], "MaxAge": 3600}
    assert reading == shared | {
        "AllowedOrigins": ["*"],
        "AllowedMethods": ["GET", "HEAD"],
        "ExposedHeaders": ["ETag"],
    }
    assert posting == shared | {
        "AllowedOrigins": origins,
        "AllowedMethods": ["POST"],
        "ExposedHeaders": ["ETag", "Location"],
    }


def deny(sid: str, service: str, resource: Node, condition: Node) -> Node:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": f"{service}:*",
        "Resource": resource,
        "Condition": condition,
    }


def test_plain_http_and_old_tls_are_denied_for_everyone() -> None:
    bucket = [sub(BUCKET_ARN), sub(f"{BUCKET_ARN}/*")]
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    old = {"NumericLessThan": {"s3:TlsVersion": "1.2"}}
    assert get_properties("BucketPolicy") == {
        "Bucket": ref("Bucket"),
        "PolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                deny("RequireTls", "s3", bucket, plain),
                deny("RequireNewTls", "s3", bucket, old),
            ],
        },
    }
    assert get_properties("BucketPolicy", KeptBucketName="old")["Bucket"] == "old"
    assert get_properties("FailureQueuePolicy") == {
        "Queues": [ref("FailureQueue")],
        "PolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [deny("RequireTls", "sqs", get_att("FailureQueue"), plain)],
        },
    }
