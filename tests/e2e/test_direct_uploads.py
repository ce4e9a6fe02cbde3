"""Uploads straight to S3: signatures, policies, events and expiry, which moto cannot show."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from shared.keys import Revision, make_upload_key
from shared.storage import ImageStorage
from tests.support.client import await_end, await_value, begin_upload, post_form
from tests.support.pictures import make_photo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import Stack

PHOTO = make_photo(6)
LARGE_PHOTO = PHOTO + bytes(20_000_000)


@pytest.fixture
def embedded(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.api_url, timeout=60) as client:
        yield client


def test_image_beyond_lambdas_limit_is_uploaded_and_becomes_ready(api: httpx.Client) -> None:
    sha256 = hashlib.sha256(LARGE_PHOTO).hexdigest()
    user = f"u-{uuid.uuid4()}"
    metadata = {"visibility": "public", "tags": ["direct"]}
    begun = begin_upload(api, LARGE_PHOTO, user=user, sha256=sha256, metadata=metadata)
    assert api.get("/images", params={"userId": user}, headers={"X-User-Id": user}).json()["images"] == []
    assert post_form(begun["upload"], LARGE_PHOTO).status_code == 204
    image = await_end(api, begun["id"], user=user)
    assert (image["status"], image["size"], image["sha256"]) == ("ready", len(LARGE_PHOTO), sha256)
    assert (image["width"], image["height"]) == (80, 40)
    listed = api.get(
        "/images", params={"userId": user, "tags": "direct"}, headers={"X-User-Id": user}
    ).json()["images"]
    assert [found["id"] for found in listed] == [begun["id"]]
    original = httpx.get(
        api.get(f"/images/{begun['id']}/content", headers={"X-User-Id": user}).headers["Location"]
    )
    assert original.content == LARGE_PHOTO
    assert original.headers["Content-Type"] == "image/jpeg"


@pytest.mark.parametrize("announced", ["image/heic", "image/heif"])
def test_heic_that_is_posted_becomes_ready(api: httpx.Client, announced: str) -> None:
    photo = make_photo(6, "HEIC", 320, 200)
    user = f"u-{uuid.uuid4()}"
    begun = begin_upload(api, photo, user=user, contentType=announced)
    assert post_form(begun["upload"], photo).status_code == 204
    image = await_end(api, begun["id"], user=user)
    assert (image["status"], image["contentType"]) == ("ready", "image/heic")
    assert (image["width"], image["height"]) == (320, 200)


def change_policy(form: Any) -> str:  # noqa: ANN401 - JSON
    policy = json.loads(b64decode(form["fields"]["policy"]))
    policy["conditions"] = [
        ["content-length-range", 0, 10**9] if condition[0:1] == ["content-length-range"] else condition
        for condition in policy["conditions"]
        if isinstance(condition, list)
    ]
    return b64encode(json.dumps(policy).encode()).decode()


@pytest.mark.parametrize(
    ("content", "fields", "status"),
    [
        (PHOTO + b"x", {}, 400),
        (PHOTO[:-1], {}, 400),
        (PHOTO, {"Content-Type": "image/png"}, 403),
        (PHOTO, {"Content-Type": "text/html"}, 403),
        (PHOTO, {"key": "originals/other"}, 403),
        (PHOTO, {"x-amz-checksum-sha256": b64encode(bytes(32)).decode()}, 403),
        (PHOTO, {"x-amz-checksum-sha256": ""}, 403),
        (PHOTO, {"x-amz-meta-more": "x"}, 403),
        (PHOTO, {"x-amz-signature": "0" * 64}, 403),
        (PHOTO, {"policy": ""}, 400),
    ],
)
def test_form_takes_nothing_but_what_was_announced(
    embedded: httpx.Client, content: bytes, fields: dict[str, str], status: int
) -> None:
    begun = begin_upload(embedded, PHOTO, sha256=hashlib.sha256(PHOTO).hexdigest())
    assert post_form(begun["upload"], content, **fields).status_code == status
    url = f"/images/{begun['id']}"
    assert embedded.get(url, headers={"X-User-Id": "ann"}).json()["status"] == "pending"


def test_policy_that_was_changed_is_refused(embedded: httpx.Client) -> None:
    begun = begin_upload(embedded, PHOTO)
    response = post_form(begun["upload"], PHOTO, policy=change_policy(begun["upload"]))
    assert response.status_code == 403


def test_form_that_has_expired_is_refused(stack: Stack) -> None:
    storage = ImageStorage(stack.client("s3"), stack.outputs["BucketName"])
    form = storage.sign_upload(
        Revision("1"), content_type="image/jpeg", size=len(PHOTO), sha256=None, lifetime_seconds=1
    )
    time.sleep(2)
    assert post_form({"url": form.url, "fields": form.fields}, PHOTO).status_code == 403


def test_other_bytes_of_the_same_size_are_rejected_with_a_reason(
    stack: Stack, embedded: httpx.Client
) -> None:
    begun = begin_upload(embedded, PHOTO, sha256=hashlib.sha256(PHOTO).hexdigest())
    other = PHOTO[:-4] + bytes(4)
    response = post_form(begun["upload"], other)  # which AWS's S3 refuses itself
    assert response.status_code in {204, 400}
    image = await_end(embedded, begun["id"])
    assert image["status"] == "rejected"
    assert "SHA-256" in image["statusReason"]
    await_no_upload(stack, begun["id"])


def test_form_that_is_posted_twice_makes_one_image_of_the_first(stack: Stack, embedded: httpx.Client) -> None:
    begun = begin_upload(embedded, PHOTO)
    assert post_form(begun["upload"], PHOTO).status_code == 204
    assert await_end(embedded, begun["id"])["status"] == "ready"
    assert post_form(begun["upload"], make_photo(1)[: len(PHOTO)].ljust(len(PHOTO), b"x")).status_code == 204
    await_no_upload(stack, begun["id"])
    image = await_end(embedded, begun["id"])
    assert image["sha256"] == hashlib.sha256(PHOTO).hexdigest()
    location = embedded.get(f"/images/{begun['id']}/content", headers={"X-User-Id": "ann"}).headers[
        "Location"
    ]
    assert httpx.get(location).content == PHOTO


def test_form_of_a_deleted_image_leaves_nothing(stack: Stack, embedded: httpx.Client) -> None:
    begun = begin_upload(embedded, PHOTO)
    url = f"/images/{begun['id']}"
    assert embedded.delete(url, headers={"X-User-Id": "ann"}).status_code == 204
    assert post_form(begun["upload"], PHOTO).status_code == 204
    await_no_upload(stack, begun["id"])
    assert embedded.get(url, headers={"X-User-Id": "ann"}).status_code == 404


def test_page_in_a_browser_may_post_to_the_bucket(embedded: httpx.Client) -> None:
    form = begin_upload(embedded, PHOTO)["upload"]
    origin = {"Origin": "https://example.org"}
    preflight = httpx.options(form["url"], headers={**origin, "Access-Control-Request-Method": "POST"})
    assert preflight.status_code == 200
    posted = httpx.post(form["url"], data=form["fields"], files={"file": PHOTO}, headers=origin)
    assert posted.status_code == 204
    for response in (preflight, posted):
        assert response.headers["Access-Control-Allow-Origin"] in {"*", "https://example.org"}


def await_no_upload(stack: Stack, image_id: str) -> None:
    def find() -> Any:  # noqa: ANN401 - JSON
        return stack.client("s3").list_objects_v2(
            Bucket=stack.outputs["BucketName"], Prefix=make_upload_key(image_id)
        )

    await_value(lambda: None if find().get("Contents") else True)
