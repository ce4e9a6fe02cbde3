"""Steps of replacements, in process."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from processor.following import Follower
from shared.keys import Revision, make_upload_key
from shared.tag_counts import TagRepository
from shared.transactions import Transaction
from tests.support.changes import select_changes
from tests.support.images import list_kept_keys
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from processor.erasing import Eraser
    from processor.processing import Processor
    from shared.images import ImageRepository
    from shared.models import Image, Replacement
    from shared.storage import ImageStorage
    from shared.usages import UsageRepository
    from tests.support.api import Api, ApiResponse
    from tests.support.dynamodb.engine import Engine

FIRST = make_picture(width=160, height=80)
SMALL = make_picture("PNG", width=20, height=10)
LARGE = make_picture("PNG", width=600, height=300)
DAMAGED = LARGE[:-100]


def forget_outcomes(dynamodb: DynamoDBClient) -> None:
    """Act as if the first request had been killed before it noted its outcome."""
    for row in dynamodb.scan(TableName="idempotency")["Items"]:
        dynamodb.delete_item(TableName="idempotency", Key={"id": row["id"]})


@dataclass(frozen=True)
class Gallery:
    """An image of ann, the functions, and the events between them."""

    api: Api
    images: ImageRepository
    usages: UsageRepository
    storage: ImageStorage
    processor: Processor
    eraser: Eraser
    engine: Engine
    image_id: str

    @property
    def url(self) -> str:
        return f"/images/{self.image_id}"

    @property
    def image(self) -> Image:
        return self.images.get(self.image_id)

    @property
    def replacement(self) -> Replacement:
        replacement = self.image.replacement
        assert replacement
        return replacement

    @property
    def shown(self) -> Any:  # noqa: ANN401 - JSON
        return self.api.get(self.url, user="ann").json

    @property
    def keys(self) -> set[str]:
        return {key for page in self.storage.list_keys() for key, _ in page}

    @property
    def counted_bytes(self) -> int:
        self.follow()
        return self.usages.get("ann").bytes

    def replace(self, content: bytes, *, user: str | None = "ann", **headers: str) -> ApiResponse:
        """Send other bytes as the whole body."""
        return self.api.request(
            "PUT",
            f"{self.url}/content",
            user=user,
            body=content,
            headers={"Content-Type": "image/png"}
            | {name.replace("_", "-"): text for name, text in headers.items()},
        )

    def announce(
        self,
        content: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        **fields: Any,  # noqa: ANN401 - JSON
    ) -> ApiResponse:
        body = {"contentType": "image/png", "size": len(content)} | fields
        return self.api.post(f"{self.url}/content/uploads", user="ann", json=body, headers=headers)

    def post(self, content: bytes, revision: int = 2) -> str:
        """Send bytes to the form of a revision, and handle the event."""
        self.storage.add(make_upload_key(self.image_id, revision), content, "image/png")
        return self.processor.accept(Revision(self.image_id, revision), datetime.now(UTC))

    def process(self, revision: int = 2) -> str:
        return self.processor.process(Revision(self.image_id, revision), datetime.now(UTC), seconds=60)

    def follow(self) -> list[Any]:
        """Let the function behind the table's stream follow all changes. Return them."""
        changes = select_changes(self.engine.take_records("images"))
        assert self.make_follower().follow(changes) == {}
        return changes

    def make_follower(self) -> Follower:
        tags = TagRepository(self.usages.table)
        return Follower(self.usages, tags, self.storage, self.eraser, send=pytest.fail)

    def end(self) -> None:
        """Let the replacement end, as time does. It makes no new version."""
        ended = self.replacement.model_copy(update={"expires_at": int(time.time())})
        image = self.image.model_copy(update={"replacement": ended})
        key = self.images.make_key(image.id)
        self.images.table.transact(Transaction().replace(key, image, version=image.version))

    def list_keys_of(self, revision: int) -> set[str]:
        """The keys of a revision that is shown."""
        return {*list_kept_keys(self.image_id, revision)}
