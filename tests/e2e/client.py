"""Steps that several cases take."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

PATIENCE_SECONDS = 60


def upload_form(api: httpx.Client, content: bytes, *, user: str = "ann", **fields: Any) -> Any:  # noqa: ANN401 - JSON
    """Upload as a form, as curl and browsers do."""
    answer = api.post(
        "/images/upload",
        files={"file": ("photo.jpg", content, "image/jpeg")},
        data={"userId": user, **fields},
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


def upload_json(api: httpx.Client, content: bytes, *, user: str = "ann", **metadata: Any) -> Any:  # noqa: ANN401 - JSON
    image = {
        "filename": "photo.jpg",
        "content": base64.b64encode(content).decode(),
        "contentType": "image/jpeg",
    }
    answer = api.post("/images/upload", json={"image": image, "metadata": {"userId": user, **metadata}})
    assert answer.status_code == 201, answer.text
    return answer.json()


def await_end(api: httpx.Client, image_id: str, *, user: str = "ann") -> Any:  # noqa: ANN401 - JSON
    """Wait until an image is no longer processing."""

    def get() -> Any:  # noqa: ANN401 - JSON
        image = api.get(f"/images/{image_id}", headers={"X-User-Id": user}).json()
        return image if image["status"] != "processing" else None

    return await_value(get)


def await_value[T](get: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        value = get()
        if value is not None:
            return value
        time.sleep(0.1)
    raise AssertionError(f"nothing after {PATIENCE_SECONDS} seconds")
