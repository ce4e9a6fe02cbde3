"""Two versions side by side, as during a canary, read each other's data, and never give back twice."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from operations.consistency import make_check, run_check
from shared.images import make_record_key
from shared.rows import encode_key
from tests.e2e.conftest import run_new_stack
from tests.support.client import await_value
from tests.support.pictures import make_picture
from tests.support.versions import Side, Versions, find_former_version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import Stack

USER = {"X-User-Id": "versions"}
PICTURE = make_picture("JPEG", 400, 300)
SIDES = [(writer, reader) for writer, reader in itertools.product(Side, Side) if writer is not reader]


@pytest.fixture(scope="module")
def own_stack() -> Iterator[Stack]:
    """A stack of its own, because its functions are replaced."""
    find_former_version()
    with run_new_stack("open") as stack:
        yield stack


@pytest.fixture(scope="module")
def versions(own_stack: Stack) -> Versions:
    return Versions.publish(own_stack)


@pytest.fixture
def api(own_stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=own_stack.api_url, headers=USER, timeout=60) as client:
        yield client


def upload(api: httpx.Client) -> Any:  # noqa: ANN401 - JSON
    response = api.post("/images/upload", content=PICTURE, headers={"Content-Type": "image/jpeg"})
    assert response.status_code == httpx.codes.CREATED, response.text
    return response.json()


def read(api: httpx.Client, image_id: str) -> Any:  # noqa: ANN401 - JSON
    response = api.get(f"/images/{image_id}")
    assert response.status_code == httpx.codes.OK, response.text
    return response.json()


def await_ready(api: httpx.Client, image_id: str) -> Any:  # noqa: ANN401 - JSON
    def find() -> Any:  # noqa: ANN401 - JSON
        image = read(api, image_id)
        return image if image["status"] == "ready" else None

    return await_value(find)


def read_used(api: httpx.Client) -> dict[str, int]:
    used: dict[str, int] = api.get("/limits").json()["used"]
    return used


def await_used(api: httpx.Client, images: int) -> None:
    await_value(lambda: True if read_used(api)["images"] == images else None)


def strip_links(image: dict[str, Any]) -> dict[str, Any]:
    """Leave out what names the moment of the answer: signed URLs."""
    return {name: value for name, value in image.items() if name not in {"renditions", "content", "variants"}}


def test_alias_decides_which_version_answers(versions: Versions, api: httpx.Client) -> None:
    documents = []
    for side in (Side.OLD, Side.NEW, Side.OLD):
        versions.serve(side)
        documents.append(api.get("/openapi.json").text)
    assert documents[0] == documents[2] != documents[1]


@pytest.mark.parametrize(("writer", "reader"), SIDES)
@pytest.mark.parametrize("follower", Side)
def test_image_of_one_version_lives_in_the_other(
    versions: Versions, api: httpx.Client, writer: Side, reader: Side, follower: Side
) -> None:
    versions.follow(follower)
    versions.serve(writer)
    image_id = upload(api)["id"]
    written = await_ready(api, image_id)
    versions.serve(reader)
    found = read(api, image_id)
    same = found.keys() & written.keys()
    assert {name: found[name] for name in strip_links(found) if name in same} == {
        name: written[name] for name in strip_links(written) if name in same
    }
    assert [image["id"] for image in api.get("/images?userId=versions").json()["images"]] == [image_id]
    assert api.get(f"/images/{image_id}/content/small").content[:4] == b"RIFF"
    assert api.patch(f"/images/{image_id}", json={"tags": ["a"]}).status_code == httpx.codes.OK
    versions.serve(writer)
    assert read(api, image_id)["tags"] == ["a"]
    assert api.delete(f"/images/{image_id}").status_code == httpx.codes.NO_CONTENT
    versions.serve(reader)
    assert api.get(f"/images/{image_id}").status_code == httpx.codes.NOT_FOUND
    await_used(api, 0)


def test_removal_that_both_versions_follow_is_given_back_once(
    versions: Versions, own_stack: Stack, api: httpx.Client
) -> None:
    versions.serve(Side.OLD)
    kept, removed = upload(api)["id"], upload(api)["id"]
    for image_id in (kept, removed):
        await_ready(api, image_id)
    key = encode_key(make_record_key(removed))
    row = own_stack.client("dynamodb").get_item(TableName=own_stack.outputs["ImagesTableName"], Key=key)[
        "Item"
    ]
    versions.serve(Side.NEW)
    assert api.delete(f"/images/{removed}").status_code == httpx.codes.NO_CONTENT
    await_used(api, 1)
    before = read_used(api)
    record = {
        "eventName": "REMOVE",
        "eventSource": "aws:dynamodb",
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:000000000000:table/images/stream/1",
        "dynamodb": {"Keys": key, "OldImage": row, "SequenceNumber": "1", "ApproximateCreationDateTime": 1},
    }
    for side in (Side.OLD, Side.NEW, Side.OLD):
        versions.follow(side)
        versions.send_change(record)
    assert read_used(api) == before
    assert (before["images"], before["bytes"]) == (1, len(PICTURE))
    assert api.delete(f"/images/{kept}").status_code == httpx.codes.NO_CONTENT
    await_used(api, 0)


def test_nothing_is_wrong_in_tables_and_bucket_afterwards(own_stack: Stack) -> None:
    assert run_check(make_check(own_stack.client, own_stack.outputs, grace=timedelta()), repair=False) == 0
