"""Repeats show the record as it is now, to those who may see it now."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from shared.keys import make_original_key
from shared.lifecycle import Event
from tests.support.api import make_upload
from tests.support.images import finish, make_ready
from tests.support.pictures import make_picture
from tests.support.repeats import KEY, count_rows, find_names, send
from tests.support.tokens import make_token, requiring_tokens

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.images import ImageRepository
    from shared.storage import ImageStorage
    from tests.support.api import Api

ANNOUNCED = {"contentType": "image/png", "size": 7}
PICTURE = make_picture()
UPLOAD = ("/images/upload", {"json": make_upload(PICTURE)})
ITEM = ("/items", {"json": {"name": "a"}})


@pytest.fixture
def image_id(images: ImageRepository, storage: ImageStorage) -> str:
    image = images.add(make_ready())
    storage.add(make_original_key(image.id), PICTURE, "image/jpeg")
    return image.id


@pytest.mark.parametrize(
    ("path", "options", "change"),
    [
        (*UPLOAD, {"description": "new"}),
        (*ITEM, {"name": "new"}),
    ],
)
def test_repeat_shows_the_record_as_it_is_now(
    api: Api, path: str, options: dict[str, Any], change: dict[str, str]
) -> None:
    first = send(api, path, options)
    url = urlsplit(first.headers["Location"]).path
    changed = api.request("PUT", url, user="ann", json=change)
    again = send(api, path, options)
    assert (again.status, again.json) == (201, changed.json)
    assert (again.headers["ETag"], again.headers["Location"]) == (
        changed.headers["ETag"],
        first.headers["Location"],
    )


@pytest.mark.parametrize(("path", "options"), [UPLOAD, ITEM, ("/images/uploads", {"json": ANNOUNCED})])
def test_repeat_of_what_was_deleted_is_404(api: Api, path: str, options: dict[str, Any]) -> None:
    url = urlsplit(send(api, path, options).headers["Location"]).path
    assert api.request("DELETE", url, user="ann").status == 204
    assert send(api, path, options).problem == (404, "not_found", [])


def test_reprocess_that_is_sent_again_begins_no_second_run(
    api: Api, images: ImageRepository, image_id: str
) -> None:
    path = f"/images/{image_id}/reprocess"
    first = send(api, path, {}).json
    assert send(api, path, {}).json == first
    finish(images, image_id, revision=first["revision"] + 1)
    again = send(api, path, {})
    assert (again.status, again.json["status"]) == (202, "ready")


def test_form_is_given_again_while_the_upload_is_pending(api: Api, images: ImageRepository) -> None:
    first = send(api, "/images/uploads", {"json": ANNOUNCED}).json
    again = send(api, "/images/uploads", {"json": ANNOUNCED}).json
    assert (again["id"], again["expiresAt"]) == (first["id"], first["expiresAt"])
    assert again["upload"]["fields"]["key"] == first["upload"]["fields"]["key"]
    images.apply(first["id"], Event.VERIFY)
    assert send(api, "/images/uploads", {"json": ANNOUNCED}).problem == (409, "conflict", [])


@pytest.mark.parametrize("path", ["/images/upload", "/images/uploads"])
def test_repeat_without_a_header_is_of_the_user_whom_the_upload_names(api: Api, path: str) -> None:
    body = (
        make_upload(PICTURE, userId="ann")
        if path == "/images/upload"
        else ANNOUNCED | {"metadata": {"userId": "ann"}}
    )
    first, again = (api.post(path, json=body, headers=KEY) for _ in range(2))
    assert (first.status, again.status) == (201, 201)
    assert find_names(first) == find_names(again)


ADMIN = {"Authorization": f"Bearer {make_token('root', groups=['admin'])}"}
DEMOTED = {"Authorization": f"Bearer {make_token('root')}"}


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("/images/upload", {"json": make_upload(PICTURE, userId="ann")}, 404),
        ("/images/uploads", {"json": ANNOUNCED | {"metadata": {"userId": "ann"}}}, 404),
        ("/images/upload?userId=ann", {"body": PICTURE, "encode": True}, 403),
        ("/images/{image}/reprocess", {}, 404),
        ("/images/{image}/links", {}, 404),
    ],
)
def test_repeat_of_a_demoted_admin_shows_nothing(
    api: Api, path: str, options: dict[str, Any], status: int
) -> None:
    path = path.format(image=api.upload_ready(PICTURE)["id"])
    sent = {"Content-Type": "image/jpeg"} if "body" in options else {}
    with requiring_tokens():
        first, again = (
            api.post(path, headers={**sent, **KEY, **caller}, **options) for caller in (ADMIN, DEMOTED)
        )
    assert first.status in {201, 202}
    assert again.problem == (status, {403: "forbidden", 404: "not_found"}[status], [])
    assert "Location" not in again.headers


def test_response_that_an_earlier_version_has_stored_is_never_sent(
    api: Api, dynamodb: DynamoDBClient
) -> None:
    item = send(api, *ITEM).json
    (row,) = dynamodb.scan(TableName="idempotency")["Items"]
    old = {"status": 201, "headers": {"Location": "https://old"}, "body": json.dumps({"name": "old"})}
    dynamodb.put_item(TableName="idempotency", Item={**row, "data": {"S": json.dumps(old)}})
    again = send(api, *ITEM)
    assert (again.status, again.json) == (201, item)
    assert again.headers["Location"].endswith(item["id"])
    assert count_rows(dynamodb) == 1
