"""A restore to a time, as docs/runbooks/restore.md says.

100 images are deleted, 20 rows are spoilt, and a user is erased. Then all is as it was, without that user.

The emulated AWS restores a table as it is now. So the rows of that time are written down here, and a restored
table gets them. It keeps versions of objects as AWS does.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local.stack import Stack
from operations.consistency import make_check
from operations.object_restore import restore_objects
from operations.table_restore import TableRestore
from shared.versions import VersionStorage
from tests.e2e.conftest import run_new_stack
from tests.support.client import await_end, await_value, upload_form
from tests.support.pictures import make_photo
from tests.support.redeployment import deploy, list_parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

DELETED, SPOILT = 100, 20
SECONDS = 60
ERASURE_SECONDS = 300
PHOTOS = [make_photo(6, width=80 + number, height=60) for number in range(4)]

pytestmark = pytest.mark.timeout(900)  # 130 uploads, and an erasure that waits for the processor

type Rows = dict[tuple[str, str], Any]


@dataclass(frozen=True)
class Snapshot:
    """Everything at a time: the rows of both tables, by table, and the bytes of every object."""

    at: datetime
    rows: Mapping[str, Rows]
    objects: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True)
class Restored:
    """The stack after the restore, and what was there at the time."""

    stack: Stack
    before: Snapshot
    ids: Mapping[str, list[str]]
    """Of images, by their users."""
    deleted_before: list[str]
    item_id: str


def read_rows(stack: Stack, table: str) -> Rows:
    pages = stack.client("dynamodb").get_paginator("scan").paginate(TableName=table)
    return {(row["pk"]["S"], row["sk"]["S"]): row for page in pages for row in page["Items"]}


def read_objects(stack: Stack) -> dict[str, bytes]:
    s3, bucket = stack.client("s3"), stack.outputs["BucketName"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def take_snapshot(stack: Stack) -> Snapshot:
    """S3 tells times to the second: nothing else happens in the second of the snapshot."""
    time.sleep(1.1)
    at = datetime.now(UTC).replace(microsecond=0)
    tables = [stack.outputs[name] for name in ("ImagesTableName", "ItemsTableName")]
    found = Snapshot(at, {table: read_rows(stack, table) for table in tables}, read_objects(stack))
    time.sleep(1.1)
    return found


def make_client(stack: Stack, before: Snapshot) -> Callable[[str], Any]:
    """Make clients of the stack. DynamoDB's restores a table as it was, and not as it is now."""
    dynamodb = stack.client("dynamodb")
    restore = dynamodb.restore_table_to_point_in_time

    def restore_as_it_was(**parameters: Any) -> None:  # noqa: ANN401 - of the call
        assert parameters["RestoreDateTime"] == before.at
        source, target = parameters["SourceTableName"], parameters["TargetTableName"]
        restore(**parameters)
        for pk, sk in read_rows(stack, target):
            dynamodb.delete_item(TableName=target, Key={"pk": {"S": pk}, "sk": {"S": sk}})
        for row in before.rows[source].values():
            dynamodb.put_item(TableName=target, Item=row)

    dynamodb.restore_table_to_point_in_time = restore_as_it_was
    return lambda service: dynamodb if service == "dynamodb" else stack.client(service)


def find_flaws(stack: Stack) -> list[tuple[str, str]]:
    check = make_check(stack.client, stack.outputs, grace=timedelta())
    return [(finding.flaw, finding.name) for finding in check.find()]


def upload_many(api: httpx.Client, user: str, count: int) -> list[str]:
    def upload(number: int) -> str:
        image_id: str = upload_form(api, PHOTOS[number % len(PHOTOS)], user=user, tags="sea")["id"]
        assert await_end(api, image_id, user=user)["status"] == "ready"
        return image_id

    with ThreadPoolExecutor(4) as executor:
        return [*executor.map(upload, range(count))]


def delete_many(api: httpx.Client, user: str, ids: list[str]) -> None:
    headers = {"X-User-Id": user}
    response = api.post("/images/batch", json={"action": "delete", "ids": ids}, headers=headers)
    assert {result["status"] for result in response.json()["results"]} == {204}, response.text


def spoil(stack: Stack, image_id: str) -> None:
    """Overwrite a row, as a faulty program might."""
    stack.client("dynamodb").update_item(
        TableName=stack.outputs["ImagesTableName"],
        Key={"pk": {"S": f"IMAGE#{image_id}"}, "sk": {"S": "IMAGE"}},
        UpdateExpression="SET filename = :name, description = :name REMOVE tags",
        ExpressionAttributeValues={":name": {"S": "spoilt"}},
    )


def await_settled(stack: Stack, image_ids: list[str]) -> None:
    """Wait until nobody gets the bytes of these images, and everything is counted."""
    await_hidden(stack, image_ids)
    await_value(lambda: True if find_flaws(stack) == [] else None, seconds=SECONDS)


def await_hidden(stack: Stack, image_ids: list[str]) -> None:
    wanted = {*image_ids}

    def is_hidden() -> bool | None:
        return None if wanted & {key.split("/")[1] for key in list_keys(stack)} else True

    await_value(is_hidden, seconds=SECONDS)


def list_keys(stack: Stack) -> list[str]:
    pages = stack.client("s3").get_paginator("list_objects_v2").paginate(Bucket=stack.outputs["BucketName"])
    return [found["Key"] for page in pages for found in page.get("Contents", [])]


def erase(api: httpx.Client, user: str) -> None:
    headers = {"X-User-Id": user}
    assert api.delete("/me", headers=headers).status_code == 202
    await_value(
        lambda: api.get("/me", headers=headers).json()["erasure"]["finishedAt"], seconds=ERASURE_SECONDS
    )


@pytest.fixture(scope="module")
def restored() -> Iterator[Restored]:
    with run_new_stack("open") as old, httpx.Client(base_url=old.api_url, timeout=60) as api:
        parameters = list_parameters(old) | {"AuthMode": "open", "RecoveryDays": "7"}
        deploy(old, parameters)
        stack = Stack(old.port, old.aws_port, old.state)
        ids = {
            "ann": upload_many(api, "ann", DELETED + 5),
            "ben": upload_many(api, "ben", SPOILT + 5),
            "leaver": upload_many(api, "leaver", 3),
        }
        deleted_before = ids["ann"][:2]
        del ids["ann"][:2]
        ids["ann"] += upload_many(api, "ann", 2)
        delete_many(api, "ann", deleted_before)
        item = api.post("/items", json={"name": "a"}, headers={"X-User-Id": "ann"}).json()
        await_settled(stack, deleted_before)
        before = take_snapshot(stack)

        delete_many(api, "ann", ids["ann"][:DELETED])
        for image_id in ids["ben"][:SPOILT]:
            spoil(stack, image_id)
        api.delete(f"/items/{item['id']}", headers={"X-User-Id": "ann"})
        erase(api, "leaver")
        await_hidden(stack, ids["ann"][:DELETED])

        client = make_client(stack, before)
        found = TableRestore(client, stack.outputs, before.at).run()
        assert restore_objects(client, stack.outputs, before.at) >= DELETED
        deploy(stack, parameters | found)
        stack = Stack(old.port, old.aws_port, old.state)
        assert stack.outputs["ImagesTableName"] == found["KeptImagesTableName"]
        await_value(lambda: True if list_ids(api, "leaver") == set() else None, seconds=SECONDS)
        yield Restored(stack, before, ids, deleted_before, item["id"])


def list_ids(api: httpx.Client, user: str) -> set[str]:
    """Ids of a user's images, page by page."""
    ids: set[str] = set()
    query = {"limit": "100"}
    while True:
        page = api.get("/images", params=query | {"userId": user}, headers={"X-User-Id": user}).json()
        ids |= {image["id"] for image in page["images"]}
        if not page.get("nextCursor"):
            return ids
        query["cursor"] = page["nextCursor"]


@pytest.fixture
def api(restored: Restored) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=restored.stack.api_url, timeout=60) as client:
        yield client


def test_every_image_of_that_time_is_listed_and_no_other(restored: Restored, api: httpx.Client) -> None:
    for user in ("ann", "ben"):
        assert list_ids(api, user) == {*restored.ids[user]}
    for image_id in restored.deleted_before:
        assert api.get(f"/images/{image_id}", headers={"X-User-Id": "ann"}).status_code == 404


def test_every_object_is_there_byte_for_byte_and_no_other(restored: Restored) -> None:
    erased = {*restored.ids["leaver"]}
    expected = {key: data for key, data in restored.before.objects.items() if key.split("/")[1] not in erased}
    found = read_objects(restored.stack)
    assert found.pop("erasures/leaver") == b""
    assert found.keys() == expected.keys()
    assert found == expected
    assert len(expected) > DELETED


def test_every_row_is_as_it_was_and_no_other_is_there(restored: Restored) -> None:
    for source, name in zip(restored.before.rows, ("ImagesTableName", "ItemsTableName"), strict=True):
        found = read_rows(restored.stack, restored.stack.outputs[name])
        assert leave_out_erased(found, restored) == leave_out_erased(restored.before.rows[source], restored)


def leave_out_erased(rows: Rows, restored: Restored) -> Rows:
    names = {"leaver", *restored.ids["leaver"]}
    return {key: row for key, row in rows.items() if not any(name in str(row) for name in names)}


def test_images_show_their_bytes(restored: Restored, api: httpx.Client) -> None:
    for user in ("ann", "ben"):
        for image_id in restored.ids[user][:: len(restored.ids[user]) // 5]:
            shown = api.get(f"/images/{image_id}/content", headers={"X-User-Id": user}, follow_redirects=True)
            assert shown.content == restored.before.objects[f"originals/{image_id}/1"]
            assert api.get(f"/images/{image_id}", headers={"X-User-Id": user}).json()["tags"] == ["sea"]


def test_item_is_back(restored: Restored, api: httpx.Client) -> None:
    assert api.get(f"/items/{restored.item_id}", headers={"X-User-Id": "ann"}).json()["name"] == "a"


def test_nothing_of_the_erased_user_is_back(restored: Restored, api: httpx.Client) -> None:
    versions = VersionStorage(restored.stack.client("s3"), restored.stack.outputs["BucketName"])
    keys = [version.key for page in versions.list_versions("") for version in page if version.tag]
    for image_id in restored.ids["leaver"]:
        assert api.get(f"/images/{image_id}", headers={"X-User-Id": "leaver"}).status_code == 404
        assert not [key for key in keys if image_id in key]
    refused = api.post("/items", json={"name": "b"}, headers={"X-User-Id": "leaver"})
    assert (refused.status_code, refused.json()["code"]) == (403, "erased")


def test_tables_and_bucket_agree_and_the_service_goes_on(restored: Restored, api: httpx.Client) -> None:
    await_value(lambda: True if find_flaws(restored.stack) == [] else None, seconds=SECONDS)
    [image_id] = upload_many(api, "cem", 1)
    delete_many(api, "cem", [image_id])
    await_settled(restored.stack, [image_id])
