"""Steps that several cases take."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any

import httpx

from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.stack import Stack

PATIENCE_SECONDS = 60
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
    key = {"pk": {"S": f"IMAGE#{ABANDONED_ID}"}, "sk": {"S": "IMAGE"}}
    stack.client("s3").put_object(
        Bucket=stack.outputs["BucketName"], Key=f"renditions/{ABANDONED_ID}/small.webp", Body=b"x"
    )
    stack.client("dynamodb").put_item(
        TableName=stack.outputs["ImagesTableName"], Item={**key, "expires_at": {"N": str(int(time.time()))}}
    )
    stack.client("s3").put_object(
        Bucket=stack.outputs["BucketName"], Key=f"originals/{ORPHAN_ID}", Body=make_picture()
    )


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
