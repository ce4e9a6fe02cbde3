"""A stack is lost, a new one works on its data, as docs/recovery.md says. Then it gets a restored table."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local import deployment
from local.stack import Stack
from operations.connection import connect
from operations.consistency import make_check
from operations.tokens import make_token
from tests.e2e.conftest import run_new_stack
from tests.support.client import await_value, find_objects, read_usage
from tests.support.pictures import make_photo
from tests.support.redeployment import deploy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAME = "images-again"
PHOTO = make_photo(6)
SECONDS = 30
EXPIRY = {"AttributeName": deployment.EXPIRY_ATTRIBUTE, "Enabled": True}
STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}


@dataclass(frozen=True)
class NewStack(Stack):
    """The second stack of the same emulated AWS."""

    @cached_property
    def outputs(self) -> dict[str, str]:
        return deployment.read_outputs(self.client, NAME)


class Client:
    """A user of the stack that is deployed at the moment."""

    def __init__(self, stack: Stack, user: str = "ann") -> None:
        self._url = stack.api_url
        self._headers = {"Authorization": f"Bearer {make_token(stack.client, stack.outputs, user)}"}

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's
        return httpx.request(method, self._url + path, headers=self._headers, timeout=60, **options)

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        return self.send("GET", path).json()

    def upload_ready(self) -> str:
        files, data = {"file": ("photo.jpg", PHOTO, "image/jpeg")}, {"visibility": "private"}
        response = self.send("POST", "/images/upload", files=files, data=data)
        assert response.status_code == 201, response.text
        image_id: str = response.json()["id"]
        await_value(lambda: True if self.get(f"/images/{image_id}")["status"] == "ready" else None)
        return image_id

    def list_ids(self) -> set[str]:
        return {image["id"] for image in self.get("/images?limit=100")["images"]}


@dataclass(frozen=True)
class Return:
    """The stack that came after the first one, and what was there before."""

    stack: NewStack
    parameters: Mapping[str, str]
    user_id: str
    ids: list[str]
    link: str
    item: Any = field(repr=False)


def delete_stack(stack: Stack) -> None:
    stack.client("cloudformation").delete_stack(StackName=deployment.STACK_NAME)

    def is_gone() -> bool | None:
        found = deployment.describe(stack.client)
        return True if found is None or found["StackStatus"] == "DELETE_COMPLETE" else None

    await_value(is_gone)


def restore_table(stack: Stack, source: str, target: str) -> None:
    """Make a table as a point-in-time restore does: all rows, but no expiry and no stream."""
    dynamodb = stack.client("dynamodb")
    described = dynamodb.describe_table(TableName=source)["Table"]
    dynamodb.create_table(
        TableName=target,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=described["KeySchema"],
        AttributeDefinitions=described["AttributeDefinitions"],
    )
    for page in dynamodb.get_paginator("scan").paginate(TableName=source):
        for row in page["Items"]:
            dynamodb.put_item(TableName=target, Item=row)


def switch_on(stack: Stack, table: str) -> str:
    """Switch on what a restored images table lacks. Return the ARN of its stream."""
    dynamodb = stack.client("dynamodb")
    dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=EXPIRY)
    dynamodb.update_table(TableName=table, StreamSpecification=STREAM)
    return find_stream(stack, table)


def find_stream(stack: Stack, table: str) -> str:
    arn: str = stack.client("dynamodb").describe_table(TableName=table)["Table"]["LatestStreamArn"]
    return arn


def find_flaws(stack: Stack) -> list[tuple[str, str]]:
    check = make_check(stack.client, stack.outputs, grace=timedelta())
    return [(finding.flaw, finding.name) for finding in check.find()]


@pytest.fixture(scope="module")
def again() -> Iterator[Return]:
    """A new stack on the data of the first one, which is deleted."""
    with run_new_stack("jwt") as old:
        before, kept = Client(old), dict(old.outputs)
        ids = [before.upload_ready() for _ in range(3)]
        link = before.send("POST", f"/images/{ids[0]}/links", json={"rendition": "small"}).json()["url"]
        item = before.send("POST", "/items", json={"name": "a"}).json()
        user_id = before.get(f"/images/{ids[0]}")["userId"]
        parameters = deployment.read_parameters() | {
            "AuthMode": "jwt",
            "PublicUrl": old.api_url,
            "S3PublicUrl": old.aws_url,
            "KeptImagesTableName": kept["ImagesTableName"],
            "KeptImagesStreamArn": find_stream(old, kept["ImagesTableName"]),
            "KeptItemsTableName": kept["ItemsTableName"],
            "KeptBucketName": kept["BucketName"],
            "KeptUserPoolId": kept["UserPoolId"],
            "LinkSecretArn": kept["LinkSecretArn"],
        }
        delete_stack(old)
        assert before.send("GET", "/health").status_code == 503
        deploy(old, parameters, NAME)
        stack = NewStack(old.port, old.aws_port, old.state)
        connect(stack.client, stack.outputs)
        yield Return(stack, parameters, user_id, ids, link, item)


@pytest.fixture(scope="module")
def restored(again: Return) -> Return:
    """The same stack, after it got a table that was restored. The old one stays as it is."""
    source = again.parameters["KeptImagesTableName"]
    restore_table(again.stack, source, "images-restored")
    parameters = {
        **again.parameters,
        "KeptImagesTableName": "images-restored",
        "KeptImagesStreamArn": switch_on(again.stack, "images-restored"),
    }
    deploy(again.stack, parameters, NAME)
    stack = NewStack(again.stack.port, again.stack.aws_port, again.stack.state)
    return replace(again, stack=stack, parameters=parameters)


def test_new_stack_uses_what_the_old_one_has_left(again: Return) -> None:
    outputs, parameters = again.stack.outputs, again.parameters
    for output, parameter in {
        "ImagesTableName": "KeptImagesTableName",
        "ItemsTableName": "KeptItemsTableName",
        "BucketName": "KeptBucketName",
        "UserPoolId": "KeptUserPoolId",
        "LinkSecretArn": "LinkSecretArn",
    }.items():
        assert outputs[output] == parameters[parameter]
    assert deployment.describe(again.stack.client) is None


def test_old_images_are_listed_and_shown_to_their_owner(again: Return) -> None:
    ann = Client(again.stack)
    assert ann.list_ids() >= {*again.ids}
    for image_id in again.ids:
        image = ann.get(f"/images/{image_id}")
        assert (image["status"], image["userId"]) == ("ready", again.user_id)
        location = ann.send("GET", f"/images/{image_id}/content").headers["Location"]
        assert httpx.get(location).content == PHOTO
    assert Client(again.stack, "ben").send("GET", f"/images/{again.ids[0]}").status_code == 404
    assert ann.get(f"/items/{again.item['id']}") == again.item


def test_old_link_still_opens(again: Return) -> None:
    shown = httpx.get(again.link, follow_redirects=True)
    assert (shown.status_code, shown.headers["Content-Type"]) == (200, "image/webp")


def test_new_upload_becomes_ready(again: Return) -> None:
    ann = Client(again.stack)
    assert ann.upload_ready() in ann.list_ids()


def test_deleted_old_image_loses_its_bytes_and_is_given_back(again: Return) -> None:
    assert_deletion_is_followed(again, again.ids[2])


def assert_deletion_is_followed(found: Return, image_id: str) -> None:
    stack, user = found.stack, found.user_id
    images = read_usage(stack, user)["images"]
    assert Client(stack).send("DELETE", f"/images/{image_id}").status_code == 204
    await_value(lambda: None if image_id in find_objects(stack) else True, seconds=SECONDS)
    await_value(lambda: True if read_usage(stack, user)["images"] == images - 1 else None, seconds=SECONDS)


def assert_consistent(found: Return) -> None:
    """The check leaves out users who have just reserved room. Here they are looked at too."""
    await_value(lambda: True if find_flaws(found.stack) == [] else None, seconds=SECONDS)
    images = len(Client(found.stack).list_ids())
    assert read_usage(found.stack, found.user_id) == {"images": images, "bytes": images * len(PHOTO)}


def test_check_finds_nothing(again: Return) -> None:
    assert_consistent(again)


def test_restored_table_has_the_images(restored: Return) -> None:
    assert restored.stack.outputs["ImagesTableName"] == "images-restored"
    ann = Client(restored.stack)
    assert ann.list_ids() >= {*restored.ids[:2]}
    assert httpx.get(restored.link, follow_redirects=True).status_code == 200


def test_new_upload_is_in_the_restored_table_alone(restored: Return, again: Return) -> None:
    image_id = Client(restored.stack).upload_ready()
    key = {"pk": {"S": f"IMAGE#{image_id}"}, "sk": {"S": "IMAGE"}}
    dynamodb = restored.stack.client("dynamodb")
    has_row = {
        table: "Item" in dynamodb.get_item(TableName=table, Key=key)
        for table in (again.parameters["KeptImagesTableName"], "images-restored")
    }
    assert [*has_row.values()] == [False, True]


def test_deletion_in_the_restored_table_is_followed(restored: Return) -> None:
    assert_deletion_is_followed(restored, restored.ids[1])


def test_row_in_the_restored_table_expires(restored: Return) -> None:
    dynamodb, key = restored.stack.client("dynamodb"), {"pk": {"S": "TEST"}, "sk": {"S": "TEST"}}
    dynamodb.put_item(
        TableName="images-restored", Item={**key, "expires_at": {"N": str(int(time.time()) - 1)}}
    )
    await_value(
        lambda: None if "Item" in dynamodb.get_item(TableName="images-restored", Key=key) else True,
        seconds=90,
    )


def test_check_of_the_restored_table_finds_nothing(restored: Return) -> None:
    assert_consistent(restored)
