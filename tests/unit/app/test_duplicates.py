"""Uploads whose owner has an image with the same bytes already."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from app.duplicates import find_duplicate
from app.requests.inputs import OnDuplicate
from shared.images import MAX_DUPLICATES
from shared.lifecycle import Event, Status
from tests.support.api import BASE_URL, make_form, make_upload
from tests.support.images import finish, make_image, make_pending, reject
from tests.support.pictures import make_picture
from tests.support.repeats import send
from tests.support.uploads import count_usage, list_keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from shared.images import ImageRepository
    from shared.models import Image
    from shared.usages import UsageRepository
    from tests.support.api import Api, ApiResponse
    from tests.support.dynamodb.engine import Engine

PICTURE, OTHER = make_picture("JPEG"), make_picture("PNG")
SHA256 = hashlib.sha256(PICTURE).hexdigest()
UPLOAD = "/images/upload"


def upload_json(api: Api, **metadata: str) -> ApiResponse:
    return api.post(UPLOAD, user="ann", json=make_upload(PICTURE, **metadata))


def upload_form(api: Api, **metadata: str) -> ApiResponse:
    return api.post(UPLOAD, user="ann", **make_form(*metadata.items(), file=PICTURE))


def upload_bytes(api: Api, **metadata: str) -> ApiResponse:
    headers = {"Content-Type": "image/jpeg"}
    return api.post(f"{UPLOAD}?{urlencode(metadata)}", user="ann", body=PICTURE, headers=headers)


def upload_directly(api: Api, **metadata: str) -> ApiResponse:
    body = {"contentType": "image/jpeg", "size": len(PICTURE), "sha256": SHA256, "metadata": metadata}
    return api.post("/images/uploads", user="ann", json=body)


PATHS = [upload_json, upload_form, upload_bytes, upload_directly]


@pytest.mark.parametrize("upload", PATHS)
def test_reused_image_is_shown_and_nothing_new_is_stored(
    api: Api, s3: S3Client, usages: UsageRepository, upload: Callable[..., ApiResponse]
) -> None:
    image = api.upload_ready(PICTURE, description="first")
    keys, used = list_keys(s3), count_usage(usages)
    response = upload(api, onDuplicate="reuse", description="second", visibility="public")
    own = api.get(f"/images/{image['id']}", user="ann")
    assert (response.status, response.json) == (200, own.json)
    assert response.headers["Location"] == f"{BASE_URL}/images/{image['id']}"
    assert response.headers["ETag"] == own.headers["ETag"]
    assert (own.json["description"], own.json["visibility"], own.json["version"]) == (
        "first",
        "private",
        image["version"],
    )
    assert (list_keys(s3), count_usage(usages)) == (keys, used)


@pytest.mark.parametrize("upload", PATHS)
def test_refusal_names_the_image_that_is_there(
    api: Api, s3: S3Client, upload: Callable[..., ApiResponse]
) -> None:
    image = api.upload(PICTURE)
    keys = list_keys(s3)
    response = upload(api, onDuplicate="refuse")
    assert response.problem == (409, "duplicate", [])
    assert response.json["imageId"] == image["id"]
    assert list_keys(s3) == keys


@pytest.mark.parametrize("upload", PATHS)
@pytest.mark.parametrize("wish", ["reuse", "refuse"])
def test_first_upload_of_some_bytes_is_taken(api: Api, upload: Callable[..., ApiResponse], wish: str) -> None:
    api.upload(OTHER)
    api.upload_ready(PICTURE, user="ben", visibility="public")
    assert upload(api, onDuplicate=wish).status == 201


@pytest.mark.parametrize("upload", PATHS)
@pytest.mark.parametrize("metadata", [{}, {"onDuplicate": "allow"}])
def test_another_image_is_made_unless_it_is_said_otherwise(
    api: Api, upload: Callable[..., ApiResponse], metadata: dict[str, str]
) -> None:
    image = api.upload(PICTURE)
    response = upload(api, **metadata)
    assert response.status == 201
    assert response.json["id"] != image["id"]


def fail(images: ImageRepository, image_id: str) -> object:
    return images.apply(image_id, Event.FAIL, reason="Why.")


@pytest.mark.parametrize(
    ("image", "change", "counts"),
    [
        (make_image(sha256=SHA256), lambda *_: None, True),
        (make_image(sha256=SHA256), finish, True),
        (make_image(sha256=SHA256), fail, False),
        (make_image(sha256=SHA256), reject, False),
        (make_image(sha256=SHA256), lambda images, image_id: images.delete(image_id), False),
        (make_image(sha256=SHA256, leased_until=1), lambda *_: None, False),
        (make_pending(sha256=SHA256), lambda *_: None, False),
        (make_image(sha256=None), lambda *_: None, False),
    ],
    ids=["processing", "ready", "failed", "rejected", "deleted", "overdue", "pending", "not verified"],
)
def test_only_images_that_are_ready_or_on_the_way_are_duplicates(
    api: Api, images: ImageRepository, image: Image, change: Callable[..., object], counts: bool
) -> None:
    images.add(image)
    change(images, image.id)
    assert upload_json(api, onDuplicate="refuse").status == (409 if counts else 201)


def test_other_bytes_of_an_image_take_the_place_of_its_first(api: Api, images: ImageRepository) -> None:
    image = images.add(make_image(sha256=hashlib.sha256(OTHER).hexdigest()))
    finish(images, image.id, sha256=SHA256)
    assert upload_json(api, onDuplicate="refuse").json["imageId"] == image.id
    other = make_upload(OTHER, onDuplicate="refuse")
    assert api.post(UPLOAD, user="ann", json=other).status == 201


def test_oldest_of_several_is_reused(api: Api, images: ImageRepository) -> None:
    failed = api.upload(PICTURE)["id"]
    fail(images, failed)
    oldest = api.upload_ready(PICTURE)["id"]
    api.upload_ready(PICTURE)
    assert upload_json(api, onDuplicate="reuse").json["id"] == oldest


@pytest.mark.parametrize(("failed", "is_found"), [(MAX_DUPLICATES - 1, True), (MAX_DUPLICATES, False)])
def test_search_for_a_duplicate_ends(images: ImageRepository, failed: int, is_found: bool) -> None:
    for _ in range(failed):
        images.add(make_image(sha256=SHA256, status=Status.FAILED))
    images.add(make_image(sha256=SHA256))
    assert bool(images.list_duplicates("ann", SHA256)) is is_found


@pytest.mark.parametrize("wish", ["reuse", "refuse"])
def test_direct_upload_has_to_announce_the_bytes_that_are_compared(api: Api, wish: str) -> None:
    body = {"contentType": "image/jpeg", "size": 9, "metadata": {"onDuplicate": wish}}
    assert api.post("/images/uploads", user="ann", json=body).problem == (422, "invalid_fields", ["sha256"])


def test_wish_is_one_of_three_and_belongs_to_a_new_image(api: Api) -> None:
    image_id = api.upload_ready(PICTURE)["id"]
    assert upload_form(api, onDuplicate="replace").problem == (422, "invalid_fields", ["onDuplicate"])
    url = f"/images/{image_id}"
    change = api.request("PATCH", url, user="ann", json={"onDuplicate": "reuse"})
    assert change.problem == (422, "invalid_fields", ["onDuplicate"])
    body = make_upload(OTHER, onDuplicate="reuse")
    refused = api.request("PUT", f"{url}/content", user="ann", json=body)
    assert refused.problem == (422, "invalid_fields", ["metadata.onDuplicate"])


def options_of(upload: Callable[..., ApiResponse], wish: str) -> tuple[str, dict[str, Any]]:
    if upload is upload_json:
        return UPLOAD, {"json": make_upload(PICTURE, onDuplicate=wish)}
    body = {"contentType": "image/jpeg", "size": len(PICTURE), "sha256": SHA256}
    return "/images/uploads", {"json": {**body, "metadata": {"onDuplicate": wish}}}


@pytest.mark.parametrize("upload", [upload_json, upload_directly])
def test_repeat_of_a_reuse_shows_the_same_image(api: Api, upload: Callable[..., ApiResponse]) -> None:
    image = api.upload_ready(PICTURE)
    path, options = options_of(upload, "reuse")
    first = send(api, path, options)
    api.request("PATCH", f"/images/{image['id']}", user="ann", json={"description": "x"})
    again = send(api, path, options)
    assert (first.status, again.status) == (200, 200)
    assert (again.json["id"], again.json["description"]) == (image["id"], "x")
    assert again.headers["Location"] == first.headers["Location"]


@pytest.mark.parametrize("upload", [upload_json, upload_directly])
def test_refusal_frees_its_key(api: Api, upload: Callable[..., ApiResponse]) -> None:
    image_id = api.upload(PICTURE)["id"]
    path, options = options_of(upload, "refuse")
    assert [send(api, path, options).status for _ in range(2)] == [409, 409]
    api.request("DELETE", f"/images/{image_id}", user="ann")
    assert [send(api, path, options).status for _ in range(2)] == [201, 201]


@pytest.mark.parametrize("wish", [OnDuplicate.REUSE, OnDuplicate.REFUSE])
def test_image_of_an_earlier_try_is_no_duplicate_of_the_same_request(
    images: ImageRepository, wish: OnDuplicate
) -> None:
    """The earlier try was killed after it had added the image."""
    images.add(make_image(sha256=SHA256), claim="this request")
    assert find_duplicate(images, "ann", SHA256, wish, claim="this request") is None


def test_two_uploads_at_the_same_moment_are_both_stored(api: Api, engine: Engine) -> None:
    rivals: list[int] = []

    def upload_too() -> float:
        if not rivals:
            rivals.append(0)
            rivals[0] = upload_json(api, onDuplicate="refuse").status
        return 0.001

    engine.transaction_seconds = upload_too
    assert (upload_json(api, onDuplicate="refuse").status, rivals) == (201, [201])


@pytest.mark.parametrize("wish", ["reuse", "refuse"])
def test_who_may_not_read_an_image_does_not_learn_of_it(api: Api, wish: str) -> None:
    """Without the header, anyone may upload for ann. They may not read what she has."""
    api.upload(PICTURE, user="ann")
    for content in (PICTURE, OTHER):
        unnamed = make_upload(content, userId="ann", onDuplicate=wish)
        assert api.post(UPLOAD, json=unnamed).problem == (422, "invalid_fields", ["onDuplicate"])
    other = api.post(UPLOAD, user="ben", json=make_upload(PICTURE, userId="ann", onDuplicate=wish))
    assert other.problem == (403, "forbidden", [])
