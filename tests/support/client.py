"""Steps that several cases take."""

from __future__ import annotations

import base64
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx

from shared.counters import make_usage_key
from shared.images import make_record_key
from shared.keys import make_original_key, make_rendition_key
from shared.renditions import RenditionName
from shared.rows import encode_key, encode_model
from tests.support.images import make_pending
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from local.stack import Stack

PATIENCE_SECONDS = 120
CROWD_PATIENCE_SECONDS = 200
"""For one of many requests at once: a busy machine answers them one after the other."""
ORPHAN_ID = "00f4a700-0000-4000-8000-000000000000"
ABANDONED_ID = "0aba0d07-ed00-4000-8000-000000000000"


def upload_form(api: httpx.Client, content: bytes, *, user: str = "ann", **fields: Any) -> Any:  # noqa: ANN401 - JSON
    """Upload as a form, as curl and browsers do."""
    response = api.post(
        "/images/upload",
        files={"file": ("photo.jpg", content, "image/jpeg")},
        data={"userId": user, **fields},
    )
    assert response.status_code == 201, response.text
    return response.json()


def upload_json(api: httpx.Client, content: bytes, *, user: str = "ann", **metadata: Any) -> Any:  # noqa: ANN401 - JSON
    image = {
        "filename": "photo.jpg",
        "content": base64.b64encode(content).decode(),
        "contentType": "image/jpeg",
    }
    response = api.post("/images/upload", json={"image": image, "metadata": {"userId": user, **metadata}})
    assert response.status_code == 201, response.text
    return response.json()


def leave_remains(stack: Stack) -> None:
    """Leave things behind that the service removes. They are made first, and the last tests look for them.

    One is a direct upload that has just expired, with an object of it. The emulator looks for expired rows
    once a minute. The other is the original of a request that died before it wrote the record.
    """
    s3, bucket = stack.client("s3"), stack.outputs["BucketName"]
    s3.put_object(Bucket=bucket, Key=make_rendition_key(ABANDONED_ID, RenditionName.SMALL), Body=b"x")
    abandoned = make_pending(id=ABANDONED_ID, expires_at=int(time.time()))
    stack.client("dynamodb").put_item(
        TableName=stack.outputs["ImagesTableName"],
        Item=encode_model(make_record_key(ABANDONED_ID), abandoned),
    )
    s3.put_object(Bucket=bucket, Key=make_original_key(ORPHAN_ID), Body=make_picture())


def begin_upload(api: httpx.Client, content: bytes, *, user: str = "ann", **fields: Any) -> Any:  # noqa: ANN401 - JSON
    """Begin a direct upload of these bytes."""
    body = {"filename": "photo.jpg", "contentType": "image/jpeg", "size": len(content), **fields}
    response = api.post("/images/uploads", json=body, headers={"X-User-Id": user})
    assert response.status_code == 201, response.text
    return response.json()


def post_form(form: Any, content: bytes, **fields: str) -> httpx.Response:  # noqa: ANN401 - JSON
    """Post to S3 as a browser does. `fields` change those of the form, and an empty one is left out."""
    sent = {name: value for name, value in (form["fields"] | fields).items() if value}
    return httpx.post(form["url"], data=sent, files={"file": ("photo.jpg", content)}, timeout=60)


def await_end(api: httpx.Client, image_id: str, *, user: str = "ann") -> Any:  # noqa: ANN401 - JSON
    """Wait until an image is neither pending nor processing."""

    def get() -> Any:  # noqa: ANN401 - JSON
        image = api.get(f"/images/{image_id}", headers={"X-User-Id": user}).json()
        return image if image["status"] not in {"pending", "processing"} else None

    return await_value(get)


def await_value[T](get: Callable[[], T | None], *, seconds: float = PATIENCE_SECONDS) -> T:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = get()
        if value is not None:
            return value
        time.sleep(0.1)
    raise AssertionError(f"nothing after {seconds} seconds")


def run_at_once[T](call: Callable[[int], T], times: int) -> Sequence[T]:
    with ThreadPoolExecutor(times) as executor:
        return list(executor.map(call, range(times)))


def find_objects(stack: Stack) -> dict[str, list[Any]]:
    """Return the objects of every image, by its id: the key, the ETag and the time of each."""
    found: dict[str, list[Any]] = {}
    pages = stack.client("s3").get_paginator("list_objects_v2").paginate(Bucket=stack.outputs["BucketName"])
    for item in (item for page in pages for item in page.get("Contents", [])):
        found.setdefault(item["Key"].split("/")[1], []).append(
            (item["Key"], item["ETag"], item["LastModified"])
        )
    return found


def find_rows(stack: Stack, name: str) -> list[Any]:
    """Return the rows that name an image, or a user."""
    table = stack.outputs["ImagesTableName"]
    pages = stack.client("dynamodb").get_paginator("scan").paginate(TableName=table)
    return [row for page in pages for row in page["Items"] if name in str(row)]


def read_usage(stack: Stack, user: str) -> Mapping[str, int]:
    """Return what is counted for a user: images and bytes."""
    key = encode_key(make_usage_key(user))
    row = stack.client("dynamodb").get_item(TableName=stack.outputs["ImagesTableName"], Key=key)["Item"]
    return {name: int(row[name]["N"]) for name in ("images", "bytes")}
