"""The OpenAPI document tells the truth about every response of the deployed API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from tests.support.client import await_end, upload_form
from tests.support.fuzzing import USER, fuzz
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.stack import Stack

IMAGES = 4


def test_document_is_true(stack: Stack, record_property: Callable[[str, object], None]) -> None:
    with httpx.Client(base_url=stack.api_url, timeout=60) as api:
        image_ids = [
            upload_form(api, make_picture(), user=USER, visibility=visibility)["id"]
            for visibility in ("public", "private") * (IMAGES // 2)
        ]
        for image_id in image_ids:
            await_end(api, image_id, user=USER)
        item = api.post("/items", headers={"X-User-Id": USER}, json={"name": "a"}).json()
        document = api.get("/openapi.json").json()
    report = fuzz(document, {"image_id": image_ids, "item_id": [item["id"]]})
    record_property("cases", report.statuses.total())
    assert not report.failures, "\n\n".join(report.failures)
    assert {200, 201, 404, 422} <= report.statuses.keys()
