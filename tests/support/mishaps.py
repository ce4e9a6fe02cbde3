"""Uploads of some users to a deployed stack, and what a restore to the time before has to mend."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.support.client import await_end, await_value, upload_form
from tests.support.pictures import make_photo

if TYPE_CHECKING:
    import httpx

    from local.stack import Stack

SECONDS = 60
ERASURE_SECONDS = 300
PHOTOS = [make_photo(6, width=80 + number, height=60) for number in range(4)]


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


def replace(api: httpx.Client, image_id: str, content: bytes) -> int:
    """Give an image of Dan other bytes. Return its revision."""
    headers = {"X-User-Id": "dan"}
    before = api.get(f"/images/{image_id}", headers=headers).json()["revision"]
    sent = api.put(f"/images/{image_id}/content", headers=headers, files={"file": ("a.png", content)})
    assert sent.status_code == 202, sent.text

    def get_revision() -> int | None:
        revision: int = api.get(f"/images/{image_id}", headers=headers).json()["revision"]
        return revision if revision > before else None

    return await_value(get_revision, seconds=SECONDS)


def erase(api: httpx.Client, user: str) -> None:
    headers = {"X-User-Id": user}
    assert api.delete("/me", headers=headers).status_code == 202
    await_value(
        lambda: api.get("/me", headers=headers).json()["erasure"]["finishedAt"], seconds=ERASURE_SECONDS
    )
