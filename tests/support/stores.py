"""Stores as a released version of the code has left them: the rows of its tables, and how they read.

`python -m tests.support.stores` writes the store of the present format. A store is never changed after its
version was released: later versions have to read it.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from shared.aws import create_client
from shared.counters import Ending, Form
from shared.erasures import Deleted, ErasureRepository
from shared.files import FileRepository, get_file_usage
from shared.images import ImageRepository, get_image_usage
from shared.items import Item, ItemRepository
from shared.lifecycle import Status
from shared.models import (
    SCHEMA_VERSION,
    Exif,
    File,
    Image,
    Location,
    Placeholder,
    Rendition,
    Replacement,
    Visibility,
)
from shared.quotas import Quota, Usage
from shared.rates import Rate
from shared.renditions import STILLS
from shared.table import Table
from shared.trash import Trash
from shared.usages import UsageRepository

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

FOLDER = Path("tests/stores")
FAR_FUTURE = 4_000_000_000
START = datetime(2026, 11, 27, 12, 30, 15, 123456, tzinfo=UTC)
RENDITIONS = {
    name: Rendition(width=name.width, height=name.height // 2, size=1000 * name.width) for name in STILLS
}
EXIF = Exif(
    taken_at="2026-05-06T07:08:09+02:00",
    camera="Pixel 9",
    lens="6.9 mm",
    focal_length_mm=6.9,
    aperture=1.7,
    exposure_seconds=0.004,
    iso=64,
    orientation=6,
    location=Location(latitude=48.2, longitude=16.37, altitude=171.5),
)
REPLACEMENT = Replacement(
    id=str(uuid.UUID(int=300, version=4)),
    revision=3,
    status=Status.REJECTED,
    status_reason="Why.",
    has_original=False,
    expires_at=FAR_FUTURE,
    filename="other.png",
    content_type="image/png",
    size=7,
    sha256="ab" * 32,
    created_at=START,
    claim="another claim",
)
STATES: dict[str, dict[str, Any]] = {
    "ready": {"status": Status.READY, "has_original": True, "renditions": RENDITIONS},
    "processing": {"status": Status.PROCESSING, "has_original": True, "leased_until": FAR_FUTURE},
    "failed": {"status": Status.FAILED, "has_original": True, "status_reason": "Why."},
    "rejected": {
        "status": Status.REJECTED,
        "has_original": False,
        "status_reason": "Why.",
        "expires_at": FAR_FUTURE,
    },
    "trashed": {
        "status": Status.READY,
        "has_original": True,
        "renditions": RENDITIONS,
        "expires_at": FAR_FUTURE,
        "trash": Trash(at=START, ends_at=FAR_FUTURE),
    },
    "trashed and rejected": {
        "status": Status.REJECTED,
        "has_original": False,
        "expires_at": FAR_FUTURE,
        "trash": Trash(at=START, ends_at=FAR_FUTURE + 1, state_ends_at=FAR_FUTURE),
    },
    "pending": {"status": Status.PENDING, "has_original": False, "expires_at": FAR_FUTURE},
}


@dataclass(frozen=True)
class Store:
    """The rows of each table, and the records that they stand for."""

    name: str
    tables: dict[str, list[dict[str, Any]]]
    images: list[dict[str, Any]]
    items: list[dict[str, Any]]
    usages: dict[str, dict[str, int]]


def list_stores() -> list[Store]:
    return [
        Store(path.stem, **json.loads(path.read_text()))
        for path in sorted(FOLDER.glob("schema-*.json"), key=lambda path: int(path.stem.partition("-")[2]))
    ]


def make_images() -> Iterator[Image]:
    """Images in every state, private and public, with every field and with as few as possible."""
    number = 0
    for visibility in Visibility:
        for fields in STATES.values():
            number += 1
            yield Image(
                id=str(uuid.UUID(int=number, version=4)),
                user_id="ann#1" if number % 3 else "bob",
                filename="photo.jpg",
                content_type="image/jpeg",
                size=1000 + number,
                visibility=visibility,
                created_at=START.replace(minute=number),
                updated_at=START.replace(minute=number + 1),
                version=number,
                **_get_details(number),
                **fields,
            )


def _get_details(number: int) -> dict[str, Any]:
    if number % 2 == 0:
        return {}
    return {
        "width": 4000,
        "height": 2000,
        "sha256": f"{number:064x}",
        "description": "A día at the sea",
        "tags": ("sea", "sun#1"),
        "placeholder": Placeholder(thumbhash="1QcSHQRnh493V4dIh4eXh1h4kJUI", dominant_color="#a0b1c2"),
        "exif": EXIF,
        "animated": number % 3 == 0,
        "shard": number % 3,
        "revision": 2,
        "latest_revision": 3,
        "link_generation": 4,
        "replacement": REPLACEMENT if number == 1 else None,
        "replaced_by": "a claim" if number == 1 else None,
    }


def make_items() -> Iterator[Item]:
    times: dict[str, Any] = {"created_at": START, "updated_at": START}
    yield Item(id=str(uuid.UUID(int=100, version=4)), name="plain", **times)
    yield Item(
        id=str(uuid.UUID(int=101, version=4)),
        user_id="ann#1",
        name="full",
        description="d",
        attributes={"number": 1.5, "list": [None, True, {"a": "b"}]},
        **times,
    )


def make_file() -> File:
    return File(
        id=str(uuid.UUID(int=200, version=4)),
        user_id="ann#1",
        filename="a.pdf",
        content_type="application/pdf",
        size=5,
        created_at=START,
        updated_at=START,
    )


def fill_tables(dynamodb: DynamoDBClient) -> tuple[list[Image], list[Item]]:
    """Write everything that this version of the code can store."""
    table = Table(dynamodb, "images")
    images, usages = ImageRepository(table), UsageRepository(table, Quota(100, 10**9), Rate(600, 20))
    items = ItemRepository(Table(dynamodb, "items"))
    added = [*make_images()]
    for image in added:
        if image.status is Status.PENDING:
            form = Form(bytes=image.size, ends_at=FAR_FUTURE)
            usages.begin_upload(image.id, image.user_id, form)
        else:
            usages.reserve(image.id, image.user_id, get_image_usage(image))
        images.add(image, claim=f"request of {image.id}")
    made = [*make_items()]
    for item in made:
        if item.user_id is not None:
            usages.reserve(item.id, item.user_id, items.get_usage(item))
        items.add(item, claim=f"request of {item.id}")
    file = make_file()
    usages.reserve(file.id, file.user_id, get_file_usage(file))
    FileRepository(table).add(file)
    usages.reserve("gone", "cid", Usage(images=1, bytes=7))
    usages.mark(("IMAGE#gone", "IMAGE"))
    usages.give_back("cid", [Ending(Usage(images=1, bytes=7), START.timestamp())])
    erasures = ErasureRepository(table)
    erasures.replace(erasures.add("eve").after(Deleted(images=1, files=2, items=3), START))
    finished = erasures.add("gus").finish(START)
    erasures.replace(finished)
    usages.close("gus")
    if counter := usages.close("gus"):
        usages.empty("gus", counter, expires_at=FAR_FUTURE)
    return added, made


def show_record(record: Image | Item) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(record.model_dump_json(exclude={"schema_version"}))
    if isinstance(record, Item):
        shown["attributes"] = json.dumps(record.attributes)  # however it is stored
    return shown


def write_store(tables: dict[str, list[dict[str, Any]]], images: list[Image], items: list[Item]) -> Path:
    """Write the store of the present format. Raises FileExistsError if it is there already."""
    counted: dict[str, Usage] = {}
    for image in images:
        usage = get_image_usage(image)
        if image.status is Status.PENDING:
            usage = Usage(pending_uploads=1, pending_bytes=image.size)
        counted[image.user_id] = counted.get(image.user_id, Usage()) + usage
    for item in items:
        if item.user_id is not None:
            counted[item.user_id] += Usage(items=1)
    counted["ann#1"] += get_file_usage(make_file())
    store = {
        "tables": {name: [_keep_text(row) for row in rows] for name, rows in tables.items()},
        "images": [show_record(image) for image in images],
        "items": [show_record(item) for item in items],
        "usages": {user: usage.model_dump() for user, usage in counted.items()},
    }
    path = FOLDER / f"schema-{SCHEMA_VERSION}.json"
    with path.open("x", encoding="utf-8") as file:
        json.dump(store, file, indent=1, ensure_ascii=False)
        file.write("\n")
    return path


def _keep_text(row: dict[str, Any]) -> dict[str, Any]:
    """The ids of the latest writes of a counter are bytes, and soon forgotten."""
    return {name: value for name, value in row.items() if not name.startswith("writes_")}


def main() -> None:
    from tests.conftest import create_tables, set_environment  # noqa: PLC0415 - it imports the whole service
    from tests.support.emulator import run_emulator  # noqa: PLC0415 - same

    with pytest.MonkeyPatch.context() as patch:
        set_environment(patch)
        with run_emulator() as engine:
            client = create_client("dynamodb")
            create_tables(client)
            images, items = fill_tables(client)
            print(write_store({name: engine.list_items(name) for name in ("images", "items")}, images, items))  # noqa: T201


if __name__ == "__main__":
    main()
