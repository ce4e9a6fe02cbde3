"""No role has a right that its work does not need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.support.rights import act_as, find_role

if TYPE_CHECKING:
    from local.stack import Stack

BUCKET_RIGHTS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "Api": [
        ("put_object", {"Key": "renditions/x", "Body": b""}),
        ("delete_object", {"Key": "renditions/x"}),
        ("delete_object", {"Key": "uploads/x"}),
        ("get_object", {"Key": "files/x"}),
        ("put_object", {"Key": "x", "Body": b""}),
        ("get_bucket_policy", {}),
    ],
    "Signer": [
        ("get_object", {"Key": "renditions/x"}),
        ("get_object", {"Key": "variants/x"}),
        ("get_object", {"Key": "uploads/x"}),
        ("put_object", {"Key": "originals/x", "Body": b""}),
        ("put_object", {"Key": "renditions/x", "Body": b""}),
        ("put_object", {"Key": "files/x", "Body": b""}),
        ("delete_object", {"Key": "uploads/x"}),
        ("delete_object", {"Key": "originals/x"}),
    ],
    "Processor": [
        ("put_object", {"Key": "uploads/x", "Body": b""}),
        ("get_object", {"Key": "renditions/x"}),
        ("put_object", {"Key": "variants/x", "Body": b""}),
        ("put_object", {"Key": "files/x", "Body": b""}),
    ],
    "Changes": [
        ("list_objects_v2", {}),
        ("list_objects_v2", {"Prefix": "originals/"}),
        ("get_object", {"Key": "originals/x"}),
        ("get_object", {"Key": "variants/x"}),
        ("put_object", {"Key": "originals/x", "Body": b""}),
        ("get_object", {"Key": "erasures/x"}),
        ("delete_object", {"Key": "erasures/x"}),
    ],
}
KEY = {"pk": {"S": "x"}, "sk": {"S": "x"}}
RESPONSE_KEY = {"id": {"S": "x"}}
TABLE_RIGHTS: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "Api": [
        ("Images", "scan", {}),
        ("Items", "update_item", {"Key": KEY}),
        ("Idempotency", "get_item", {"Key": RESPONSE_KEY}),
    ],
    "Signer": [
        ("Images", "get_item", {"Key": KEY}),
        ("Items", "get_item", {"Key": KEY}),
        ("Idempotency", "get_item", {"Key": RESPONSE_KEY}),
    ],
    "Processor": [
        ("Images", "scan", {}),
        ("Items", "get_item", {"Key": KEY}),
        ("Items", "put_item", {"Item": KEY}),
        ("Idempotency", "get_item", {"Key": RESPONSE_KEY}),
    ],
    "Changes": [
        ("Images", "scan", {}),
        ("Items", "scan", {}),
        ("Items", "put_item", {"Item": KEY}),
        ("Items", "update_item", {"Key": KEY}),
        ("Idempotency", "get_item", {"Key": RESPONSE_KEY}),
    ],
}


@pytest.mark.parametrize(
    ("role", "call", "options"), [(role, *row) for role, rows in BUCKET_RIGHTS.items() for row in rows]
)
def test_role_has_no_right_in_the_bucket_beyond_its_work(
    stack: Stack, role: str, call: str, options: dict[str, Any]
) -> None:
    with pytest.raises(ClientError) as raised:
        getattr(act_as(stack, role, "s3"), call)(Bucket=stack.outputs["BucketName"], **options)
    assert raised.value.response["Error"]["Code"] == "AccessDenied"


@pytest.mark.parametrize(
    ("role", "table", "call", "options"),
    [(role, *row) for role, rows in TABLE_RIGHTS.items() for row in rows],
)
def test_role_has_no_right_in_the_tables_beyond_its_work(
    stack: Stack, role: str, table: str, call: str, options: dict[str, Any]
) -> None:
    with pytest.raises(ClientError) as raised:
        getattr(act_as(stack, role, "dynamodb"), call)(
            TableName=stack.outputs[f"{table}TableName"], **options
        )
    assert raised.value.response["Error"]["Code"] == "AccessDeniedException"


@pytest.mark.parametrize("role", ["Signer", "Processor", "Changes"])
def test_only_the_api_reads_the_secret_of_the_links(stack: Stack, role: str) -> None:
    secret = stack.outputs["LinkSecretArn"]
    assert act_as(stack, "Api", "secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
    with pytest.raises(ClientError) as raised:
        act_as(stack, role, "secretsmanager").get_secret_value(SecretId=secret)
    assert raised.value.response["Error"]["Code"] == "AccessDeniedException"


@pytest.mark.parametrize("role", ["Api", "Signer"])
def test_only_functions_behind_the_api_write_into_the_failure_queue(stack: Stack, role: str) -> None:
    with pytest.raises(ClientError) as raised:
        act_as(stack, role, "sqs").send_message(QueueUrl=stack.outputs["FailureQueueUrl"], MessageBody="x")
    assert "AccessDenied" in raised.value.response["Error"]["Code"]


@pytest.mark.parametrize("role", ["Signer", "Processor", "Changes"])
def test_no_role_but_the_apis_becomes_the_signer(stack: Stack, role: str) -> None:
    with pytest.raises(ClientError) as raised:
        act_as(stack, role, "sts").assume_role(RoleArn=find_role(stack, "Signer"), RoleSessionName="test")
    assert raised.value.response["Error"]["Code"] == "AccessDenied"
