"""The template's tables and bucket: how they keep data, and who can reach it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.idempotency import ResponseStore
from local.deployment import EXPIRY_ATTRIBUTE
from shared.aws import create_client
from shared.images import ImageRepository
from shared.lifecycle import FAILED_LIFETIME
from shared.records import Claim
from shared.storage import UPLOADS_PREFIX
from shared.table import Transaction
from tests.support.images import FAR_FUTURE, make_image
from tests.support.template import Node, get_att, get_properties, get_resources, load, ref, sub

RECORD_KEYS = [("pk", "HASH"), ("sk", "RANGE")]
RECORD_TABLE = {
    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
    "DeletionProtectionEnabled": False,
}
TABLES: dict[str, tuple[list[tuple[str, str]], Node]] = {
    "ImagesTable": (RECORD_KEYS, RECORD_TABLE | {"StreamSpecification": {"StreamViewType": "KEYS_ONLY"}}),
    "ItemsTable": (RECORD_KEYS, RECORD_TABLE),
    "IdempotencyTable": ([("id", "HASH")], {}),
}
RETAINED = {"ImagesTable", "ItemsTable", "Bucket", "UserPool"}


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
    assert ResponseStore(create_client("dynamodb"), "x").expiry_attr == "expires_at" == EXPIRY_ATTRIBUTE


def test_data_outlive_their_stack() -> None:
    kept = {
        name: (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy"))
        for name, resource in load()["Resources"].items()
        if {"DeletionPolicy", "UpdateReplacePolicy"} & {*resource}
    }
    assert kept == dict.fromkeys(RETAINED, ("RetainExceptOnCreate", "Retain"))


@pytest.mark.parametrize(("environment", "is_protected"), [("prod", True), ("dev", False), ("local", False)])
@pytest.mark.parametrize("name", ["ImagesTable", "ItemsTable"])
def test_tables_of_production_alone_are_protected(name: str, environment: str, is_protected: bool) -> None:
    properties = get_properties(name, Environment=environment)
    assert properties["DeletionProtectionEnabled"] is is_protected


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
    unfinished, forgotten = get_properties("Bucket")["LifecycleConfiguration"]["Rules"]
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
    }
    assert timedelta(days=forgotten["ExpirationInDays"]) == FAILED_LIFETIME + timedelta(days=1)


@pytest.mark.parametrize("origins", ["*", ["https://a.example", "https://b.example"]])
def test_every_page_may_read_and_only_allowed_ones_may_post(origins: str | list[str]) -> None:
    reading, posting = get_properties("Bucket", AllowedOrigins=origins)["CorsConfiguration"]["CorsRules"]
    shared = {"AllowedHeaders": ["*"], "ExposedHeaders": ["ETag"], "MaxAge": 3600}
    assert reading == shared | {"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "HEAD"]}
    assert posting == shared | {"AllowedOrigins": origins, "AllowedMethods": ["POST"]}


def test_plain_http_is_denied_for_everyone() -> None:
    policy = get_properties("BucketPolicy")
    assert policy["Bucket"] == ref("Bucket")
    assert policy["PolicyDocument"] == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "RequireTls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [get_att("Bucket"), sub("${Bucket.Arn}/*")],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }
