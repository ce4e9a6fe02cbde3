"""The rights of the functions: each is needed, its loss shows, and there are no more than the work needs."""

from __future__ import annotations

import copy
import json
import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from tests.support.client import await_end, await_value, begin_upload, post_form, upload_json
from tests.support.pictures import make_photo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.stack import Stack

PHOTO = make_photo(1)
ANN = {"X-User-Id": "ann"}


@pytest.fixture
def api(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.api_url, timeout=60) as client:
        yield client


def get_role(stack: Stack, function: str) -> str:
    name = stack.outputs[f"{function}FunctionName"]
    arn: str = stack.client("lambda").get_function_configuration(FunctionName=name)["Role"]
    return arn.rpartition("/")[2]


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


@contextmanager
def without(stack: Stack, function: str, action: str, resource: str = "") -> Iterator[None]:
    """Take a permission away: an action, on the resources whose name holds this text."""
    iam, role = stack.client("iam"), get_role(stack, function)
    [name] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    changed = copy.deepcopy(policy)
    taken = 0
    for statement in changed["Statement"]:
        actions, resources = as_list(statement["Action"]), as_list(statement["Resource"])
        if action in actions and any(resource in found for found in resources):
            taken += 1
            statement["Action"] = [found for found in actions if found != action] or ["logs:PutLogEvents"]
    assert taken, f"the {function} function has no right to {action} on {resource}"
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(changed))
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))


def create_item(api: httpx.Client) -> str:
    url: str = api.post("/items", json={"name": "a"}).headers["Location"]
    return url


def create_item_once(api: httpx.Client, item: dict[str, str]) -> int:
    return api.post("/items", json=item, headers={"Idempotency-Key": str(uuid.uuid4())}).status_code


def send_bytes(api: httpx.Client) -> int:
    headers = {**ANN, "Content-Type": "image/jpeg"}
    return api.post("/images/upload", headers=headers, content=PHOTO).status_code


def follow(api: httpx.Client, path: str) -> int:
    return httpx.get(api.get(path, headers=ANN).headers["Location"]).status_code


# The use of each right of the API, and the response without it.
API_RIGHTS: list[tuple[str, str, Callable[[httpx.Client, Any], int], int]] = [
    (
        "dynamodb:GetItem",
        "Images",
        lambda api, image: api.get(f"/images/{image['id']}", headers=ANN).status_code,
        500,
    ),
    ("dynamodb:Query", "Images", lambda api, _: api.get("/images").status_code, 500),
    ("dynamodb:BatchGetItem", "Images", lambda api, _: api.get("/images", headers=ANN).status_code, 500),
    ("dynamodb:PutItem", "Items", lambda api, _: api.post("/items", json={"name": "a"}).status_code, 500),
    (
        "dynamodb:DeleteItem",
        "Images",
        lambda api, image: api.delete(f"/images/{image['id']}", headers=ANN).status_code,
        500,
    ),
    ("dynamodb:UpdateItem", "Images", lambda api, _: send_bytes(api), 500),
    ("dynamodb:PutItem", "Idempotency", lambda api, _: create_item_once(api, {"name": "a"}), 500),
    ("dynamodb:UpdateItem", "Idempotency", lambda api, _: create_item_once(api, {"name": "a"}), 500),
    ("dynamodb:DeleteItem", "Idempotency", lambda api, _: create_item_once(api, {}), 500),
    (
        "s3:PutObject",
        "originals/",
        lambda api, _: send_bytes(api),
        500,
    ),
    (
        "s3:PutObject",
        "uploads/",
        lambda api, _: post_form(begin_upload(api, PHOTO)["upload"], PHOTO).status_code,
        403,
    ),
    ("s3:GetObject", "originals/", lambda api, image: follow(api, f"/images/{image['id']}/content"), 403),
    (
        "s3:GetObject",
        "renditions/",
        lambda api, image: follow(api, f"/images/{image['id']}/content/small"),
        403,
    ),
]


@pytest.mark.parametrize(
    ("action", "resource", "act", "status"), API_RIGHTS, ids=[f"{row[0]} {row[1]}" for row in API_RIGHTS]
)
def test_api_needs_each_of_its_rights(  # noqa: PLR0913, PLR0917 - a row of the table
    stack: Stack,
    api: httpx.Client,
    action: str,
    resource: str,
    act: Callable[[httpx.Client, Any], int],
    status: int,
) -> None:
    image = upload_json(api, PHOTO)
    await_end(api, image["id"])
    with without(stack, "Api", action, resource):
        assert act(api, image) == status
    assert act(api, image) not in {status, 500}


def find_failure(stack: Stack, image_id: str) -> Any:  # noqa: ANN401 - JSON
    response = stack.client("sqs").receive_message(
        QueueUrl=stack.outputs["FailureQueueUrl"], MaxNumberOfMessages=10, VisibilityTimeout=0
    )
    return next((True for message in response.get("Messages", []) if image_id in message["Body"]), None)


@pytest.mark.parametrize(
    ("action", "resource", "status"),
    [
        ("dynamodb:GetItem", "", "processing"),
        ("dynamodb:PutItem", "", "processing"),
        ("dynamodb:DeleteItem", "", "failed"),
        ("s3:GetObject", "originals/", "failed"),
        ("s3:PutObject", "renditions/", "failed"),
    ],
)
def test_processor_needs_each_of_its_rights_and_its_event_is_kept(
    stack: Stack, api: httpx.Client, action: str, resource: str, status: str
) -> None:
    with without(stack, "Processor", action, resource):
        image = upload_json(api, PHOTO, visibility="public")
        await_value(lambda: find_failure(stack, image["id"]))
        assert api.get(f"/images/{image['id']}", headers=ANN).json()["status"] == status
    assert api.post(f"/images/{image['id']}/reprocess", headers=ANN).status_code == 202
    assert await_end(api, image["id"])["status"] == "ready"


@pytest.mark.parametrize(
    ("action", "resource"), [("s3:GetObject", "uploads/"), ("s3:PutObject", "originals/")]
)
def test_processor_accepts_no_upload_without_its_rights(
    stack: Stack, api: httpx.Client, action: str, resource: str
) -> None:
    with without(stack, "Processor", action, resource):
        begun = begin_upload(api, PHOTO)
        assert post_form(begun["upload"], PHOTO).status_code == 204
        await_value(lambda: find_failure(stack, begun["id"]))
        assert api.get(f"/images/{begun['id']}", headers=ANN).json()["status"] == "failed"
    assert api.post(f"/images/{begun['id']}/reprocess", headers=ANN).status_code == 202

    def is_ready() -> bool | None:
        image = api.get(f"/images/{begun['id']}", headers=ANN).json()
        return True if image["status"] == "ready" else None

    await_value(is_ready)


def test_cleanup_needs_its_right_and_comes_back_until_it_has_it(stack: Stack, api: httpx.Client) -> None:
    image = upload_json(api, PHOTO)
    await_end(api, image["id"])

    def list_objects() -> Any:  # noqa: ANN401 - JSON
        return stack.client("s3").list_objects_v2(
            Bucket=stack.outputs["BucketName"], Prefix=f"originals/{image['id']}"
        )

    with without(stack, "Cleanup", "s3:DeleteObject"):
        api.delete(f"/images/{image['id']}", headers=ANN)
        time.sleep(3)
        assert list_objects()["KeyCount"] == 1
    await_value(lambda: None if list_objects()["KeyCount"] else True)


BUCKET_RIGHTS = {
    "Api": [
        ("list_objects_v2", {}),
        ("delete_object", {"Key": "originals/x"}),
        ("delete_object", {"Key": "uploads/x"}),
        ("put_object", {"Key": "renditions/x", "Body": b""}),
        ("put_object", {"Key": "x", "Body": b""}),
    ],
    "Processor": [
        ("put_object", {"Key": "uploads/x", "Body": b""}),
        ("get_object", {"Key": "files/x"}),
        ("delete_object", {"Key": "files/x"}),
    ],
    "Cleanup": [
        ("get_object", {"Key": "originals/x"}),
        ("delete_object", {"Key": "files/x"}),
        ("put_object", {"Key": "originals/x", "Body": b""}),
    ],
}
KEY = {"pk": {"S": "x"}, "sk": {"S": "x"}}
ANSWER_KEY = {"id": {"S": "x"}}
TABLE_RIGHTS = {
    "Api": [
        ("Images", "scan", {}),
        ("Items", "update_item", {"Key": KEY}),
        ("Idempotency", "get_item", {"Key": ANSWER_KEY}),
    ],
    "Processor": [
        ("Items", "get_item", {"Key": KEY}),
        ("Items", "put_item", {"Item": KEY}),
        ("Images", "scan", {}),
        ("Idempotency", "get_item", {"Key": ANSWER_KEY}),
    ],
    "Cleanup": [
        ("Images", "get_item", {"Key": KEY}),
        ("Images", "delete_item", {"Key": KEY}),
        ("Items", "get_item", {"Key": KEY}),
    ],
}


def act_as(stack: Stack, function: str, service: str) -> Any:  # noqa: ANN401 - the client of a service
    account = stack.client("sts").get_caller_identity()["Account"]
    role = f"arn:aws:iam::{account}:role/{get_role(stack, function)}"
    given = stack.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    session = boto3.Session(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], "us-east-1"
    )
    return session.client(service, endpoint_url=stack.aws_url)


@pytest.mark.parametrize(
    ("function", "call", "options"),
    [(function, *row) for function, rows in BUCKET_RIGHTS.items() for row in rows],
)
def test_function_has_no_right_in_the_bucket_beyond_its_work(
    stack: Stack, function: str, call: str, options: dict[str, Any]
) -> None:
    with pytest.raises(ClientError) as raised:
        getattr(act_as(stack, function, "s3"), call)(Bucket=stack.outputs["BucketName"], **options)
    assert raised.value.response["Error"]["Code"] == "AccessDenied"


@pytest.mark.parametrize(
    ("function", "table", "call", "options"),
    [(function, *row) for function, rows in TABLE_RIGHTS.items() for row in rows],
)
def test_function_has_no_right_in_the_tables_beyond_its_work(
    stack: Stack, function: str, table: str, call: str, options: dict[str, Any]
) -> None:
    name = stack.outputs[f"{table}TableName"]
    with pytest.raises(ClientError) as raised:
        getattr(act_as(stack, function, "dynamodb"), call)(TableName=name, **options)
    assert raised.value.response["Error"]["Code"] == "AccessDeniedException"


@pytest.mark.parametrize("function", ["Processor", "Cleanup"])
def test_only_the_api_reads_the_secret_of_the_links(stack: Stack, function: str) -> None:
    with pytest.raises(ClientError) as raised:
        act_as(stack, function, "secretsmanager").get_secret_value(SecretId=stack.outputs["LinkSecretName"])
    assert raised.value.response["Error"]["Code"] == "AccessDeniedException"
