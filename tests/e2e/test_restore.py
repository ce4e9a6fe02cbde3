"""A restore to a time, as docs/runbooks/restore.md says.

100 images are deleted, 20 rows are spoilt, 3 images are uploaded, and a user is erased. Then all is as it
was, without that user. A consumer of events that drops lower versions knows the same.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from local.stack import Stack
from operations.consistency import make_check
from operations.object_restore import restore_objects
from operations.restored_records import VERSIONED_KINDS, delete_newer
from operations.table_restore import TableRestore
from shared.versions import VersionStorage
from tests.e2e.conftest import run_new_stack
from tests.support.client import await_value
from tests.support.mishaps import PHOTOS, delete_many, erase, replace, spoil, upload_many
from tests.support.redeployment import deploy, list_parameters
from tests.support.snapshots import Snapshot, make_client, read_objects, read_rows, take_snapshot
from tests.support.tellings import Consumer
from tests.support.told import Listener, add_queue, list_arrived

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.support.snapshots import Rows

DELETED, SPOILT, NEWER = 100, 20, 3
SECONDS = 60

pytestmark = pytest.mark.timeout(900)  # 130 uploads, and an erasure that waits for the processor


@dataclass(frozen=True)
class Restored:
    """The stack after the restore, and what was there at the time."""

    stack: Stack
    before: Snapshot
    ids: Mapping[str, list[str]]
    """Of images, by their users."""
    deleted_before: list[str]
    newer: list[str]
    """Of images that were uploaded after the time."""
    replaced: str
    """An image that got other bytes after the time."""
    item_id: str
    old_etag: str
    """Of a row that was changed after the time."""
    consumer: Listener


@contextmanager
def listen(stack: Stack) -> Iterator[Listener]:
    listener = Listener(stack, add_queue(stack, "consumer"))
    thread = threading.Thread(target=listener.run)
    thread.start()
    try:
        yield listener
    finally:
        listener.end()
        thread.join()


def find_flaws(stack: Stack) -> list[tuple[str, str]]:
    check = make_check(stack.client, stack.outputs, grace=timedelta())
    return [(finding.flaw, finding.name) for finding in check.find()]


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


@pytest.fixture(scope="module")
def restored() -> Iterator[Restored]:
    with ExitStack() as resources:
        old = resources.enter_context(run_new_stack("open"))
        api = resources.enter_context(httpx.Client(base_url=old.api_url, timeout=60))
        parameters = list_parameters(old) | {"AuthMode": "open", "RecoveryDays": "7", "EventBus": "own"}
        deploy(old, parameters)
        stack = Stack(old.port, old.aws_port, old.state)
        consumer = resources.enter_context(listen(stack))
        ids = {
            "ann": upload_many(api, "ann", DELETED + 5),
            "ben": upload_many(api, "ben", SPOILT + 5),
            "leaver": upload_many(api, "leaver", 3),
        }
        deleted_before = ids["ann"][:2]
        del ids["ann"][:2]
        ids["ann"] += upload_many(api, "ann", 2)
        delete_many(api, "ann", deleted_before)
        [replaced] = ids["dan"] = upload_many(api, "dan", 1)
        item = api.post("/items", json={"name": "a"}, headers={"X-User-Id": "ann"}).json()
        await_settled(stack, deleted_before)
        before = take_snapshot(stack)

        delete_many(api, "ann", ids["ann"][:DELETED])
        for image_id in ids["ben"][:SPOILT]:
            spoil(stack, image_id)
        newer = upload_many(api, "ann", NEWER)
        replace(api, replaced, PHOTOS[1])
        changed = api.patch(
            f"/images/{ids['ben'][-1]}", json={"description": "later"}, headers={"X-User-Id": "ben"}
        )
        api.delete(f"/items/{item['id']}", headers={"X-User-Id": "ann"})
        erase(api, "leaver")
        await_hidden(stack, ids["ann"][:DELETED])

        client = make_client(stack, before)
        found = TableRestore(client, stack.outputs, before.at).run()
        assert restore_objects(client, stack.outputs, before.at) >= DELETED
        old_table = stack.outputs["ImagesTableName"]
        deploy(stack, parameters | found)
        stack = Stack(old.port, old.aws_port, old.state)
        assert stack.outputs["ImagesTableName"] == found["KeptImagesTableName"]
        await_value(lambda: True if list_ids(api, "leaver") == set() else None, seconds=SECONDS)
        assert delete_newer(stack.client, stack.outputs, old_table) == NEWER
        await_hidden(stack, newer)
        yield Restored(
            stack, before, ids, deleted_before, newer, replaced, item["id"], changed.headers["ETag"], consumer
        )


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
    later = [key for key in found if key.split("/")[1:3] == [restored.replaced, "2"]]
    assert all(map(found.pop, later))
    assert found.keys() == expected.keys()
    assert found == expected
    assert len(expected) > DELETED


def test_every_row_is_as_it_was_and_no_other_is_there(restored: Restored) -> None:
    for source, name in zip(restored.before.rows, ("ImagesTableName", "ItemsTableName"), strict=True):
        found = read_rows(restored.stack, restored.stack.outputs[name])
        assert leave_out_gone(found, restored) == leave_out_gone(restored.before.rows[source], restored)


def leave_out_gone(rows: Rows, restored: Restored) -> Rows:
    """Leave out what is erased, ended or replaced, and the versions of records."""
    names = {"leaver", *restored.ids["leaver"], *restored.newer, restored.replaced}
    return {
        (pk, sk): {
            name: value for name, value in row.items() if name != "version" or sk not in VERSIONED_KINDS
        }
        for (pk, sk), row in rows.items()
        if not any(name in str(row) for name in names)
    }


def test_etag_of_a_later_state_matches_nothing(restored: Restored, api: httpx.Client) -> None:
    image_id, headers = restored.ids["ben"][-1], {"X-User-Id": "ben", "If-Match": restored.old_etag}
    refused = api.patch(f"/images/{image_id}", json={"description": "a"}, headers=headers)
    assert refused.status_code == 412
    shown = api.get(f"/images/{image_id}", headers={"X-User-Id": "ben", "If-None-Match": restored.old_etag})
    assert (shown.status_code, shown.json()["description"]) == (200, None)


def test_consumer_that_drops_lower_versions_knows_what_is_there(
    restored: Restored, api: httpx.Client
) -> None:
    image_id = restored.ids["ann"][0]
    changed = api.patch(f"/images/{image_id}", json={"tags": ["sea", "sun"]}, headers={"X-User-Id": "ann"})
    expected = {
        image["id"]: (image["version"], image["tags"])
        for user in ("ann", "ben", "dan")
        for image_id in restored.ids[user]
        for image in [api.get(f"/images/{image_id}", headers={"X-User-Id": user}).json()]
    }
    assert expected[image_id] == (changed.json()["version"], ["sea", "sun"])

    def find_known() -> dict[str, tuple[int, list[str]]]:
        consumer = Consumer()
        for kind, detail in [*restored.consumer.arrived]:
            consumer.take(kind, detail)
        return {name: (known["version"], known["tags"]) for name, known in consumer.list_present().items()}

    await_value(lambda: True if find_known() == expected else None, seconds=SECONDS)
    assert {*restored.newer} <= {name for name, _ in list_arrived(restored.consumer)}
    api.patch(f"/images/{image_id}", json={"tags": ["sea"]}, headers={"X-User-Id": "ann"})


def test_images_show_their_bytes(restored: Restored, api: httpx.Client) -> None:
    for user in ("ann", "ben"):
        for image_id in restored.ids[user][:: len(restored.ids[user]) // 5]:
            shown = api.get(f"/images/{image_id}/content", headers={"X-User-Id": user}, follow_redirects=True)
            assert shown.content == restored.before.objects[f"originals/{image_id}/1"]
            assert api.get(f"/images/{image_id}", headers={"X-User-Id": user}).json()["tags"] == ["sea"]


def test_replaced_image_has_its_bytes_of_that_time_and_then_those_that_come_next(
    restored: Restored, api: httpx.Client
) -> None:
    """The bucket still has the revision that was begun after that time. Nobody gets it for another one."""
    image_id, headers = restored.replaced, {"X-User-Id": "dan"}

    def fetch() -> bytes:
        return api.get(f"/images/{image_id}/content", headers=headers, follow_redirects=True).content

    assert fetch() == restored.before.objects[f"originals/{image_id}/1"] == PHOTOS[0]
    assert replace(api, image_id, PHOTOS[2]) == 3
    assert fetch() == PHOTOS[2]


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
