"""The operations whose costs are in docs/costs.md: each with all that follows until nothing is left to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from shared.keys import make_rendition_key, make_variants_prefix
from shared.lifecycle import REJECTED_LIFETIME
from shared.models import Visibility
from shared.renditions import RenditionName
from tests.support.api import make_form, make_upload
from tests.support.costs.runs import Cost, Work
from tests.support.costs.world import ANN, BOB, DESCRIPTION, FILENAME, FULL, TAGS, make_form_options
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.support.costs.world import World

    type Act = Callable[[World], object]

PUBLIC, PRIVATE = Visibility.PUBLIC, Visibility.PRIVATE
THUMBNAIL_BYTES, VARIANT_BYTES, LARGE_BYTES, ORIGINAL_BYTES = 10_000, 40_000, 300_000, 2_500_000
"""Typical of a photo of 2.5 MB."""
VARIANT_QUERY = "width=640&format=avif&v=1"
BATCH_IMAGES = 20
RECOVERY_DAYS = 7
"""For the operations and the bill with `RecoveryDays`. The number changes no call."""
CUT_BYTES = 100
"""Missing at the end of a damaged image. The API takes it, and the processor rejects it."""


def make_json_options(photo: bytes, visibility: Visibility, tags: Sequence[str]) -> dict[str, Any]:
    metadata = {"description": DESCRIPTION, "visibility": visibility, "tags": [*tags]}
    return {"json": make_upload(photo, filename=FILENAME, **metadata)}


def make_raw_options(photo: bytes, visibility: Visibility, tags: Sequence[str]) -> dict[str, Any]:
    fields = {"filename": FILENAME, "description": DESCRIPTION, "visibility": visibility}
    query = urlencode({**fields, "tags": ",".join(tags)})
    headers = {"Content-Type": "image/jpeg"}
    return {"url": f"/images/upload?{query}", "body": photo, "encode": True, "headers": headers}


FORMATS = {"form": make_form_options, "JSON": make_json_options, "raw": make_raw_options}


def upload(
    world: World,
    *,
    visibility: Visibility,
    tags: Sequence[str] = TAGS,
    how: str = "form",
    has_key: bool = False,
) -> None:
    options = FORMATS[how](world.photo, visibility, tags)
    world.upload(world.add_key(options) if has_key else options)
    world.meter.settle()


def repeat_upload(world: World) -> None:
    options = world.add_key(make_form_options(world.photo, PUBLIC))
    world.upload(options)
    world.meter.settle()
    world.meter.take()
    world.upload(options)
    world.meter.settle()


def upload_directly(world: World, *, visibility: Visibility) -> None:
    metadata = {"description": DESCRIPTION, "visibility": visibility, "tags": [*TAGS]}
    announced = {"filename": FILENAME, "contentType": "image/jpeg", "size": len(world.photo)}
    body = {**announced, "metadata": metadata}
    begun = world.meter.request(Work.BEGIN, "POST", "/images/uploads", 201, user=ANN, json=body)
    world.meter.post(begun.json["id"], world.photo)
    world.meter.settle()


def upload_damaged(world: World) -> None:
    """It is rejected, and a day later its record is removed."""
    world.upload(make_form_options(world.photo[:-CUT_BYTES], PUBLIC))
    world.meter.settle()
    end = datetime.now(UTC) + REJECTED_LIFETIME
    world.meter.deployment.engine.sweep(end.timestamp() + 1)
    world.meter.settle()


def upload_too_many(world: World) -> None:
    world.upload(make_form_options(world.photo, PUBLIC), user=FULL, status=403)
    world.meter.settle()


def list_page(world: World, *, query: str = "", user: str | None = None) -> None:
    page = world.meter.request(Work.PAGE, "GET", f"/images?limit=20&{query}", 200, user=user)
    assert len(page.json["images"]) == 20
    assert page.json["nextCursor"]


def read(world: World, *, user: str | None = None) -> None:
    world.meter.request(Work.READ, "GET", f"/images/{world.ready[PUBLIC]}", 200, user=user)


def read_unchanged(world: World) -> None:
    url = f"/images/{world.ready[PUBLIC]}"
    etag = world.meter.request(Work.READ, "GET", url, 200).headers["ETag"]
    world.meter.take()
    world.meter.request(Work.READ, "GET", url, 304, headers={"If-None-Match": etag})


def view(world: World, *, rendition: RenditionName, size: int) -> None:
    """The picture of the measurement is small, so bytes of the usual size stand in for its rendition."""
    image_id = world.ready[PUBLIC]
    world.meter.replace_object(make_rendition_key(image_id, rendition), bytes(size))
    world.meter.request(Work.VIEW, "GET", f"/images/{image_id}/content/{rendition}?v=1", 200)


def view_unchanged(world: World) -> None:
    url = f"/images/{world.ready[PUBLIC]}/content/{RenditionName.THUMBNAIL}?v=1"
    etag = world.meter.request(Work.VIEW, "GET", url, 200).headers["ETag"]
    world.meter.take()
    world.meter.request(Work.READ, "GET", url, 304, headers={"If-None-Match": etag})


def make_variant(world: World) -> None:
    url = f"/images/{world.add(PUBLIC)}/content?{VARIANT_QUERY}"
    world.meter.request(Work.VARY, "GET", url, 200)


def view_variant(world: World) -> None:
    """Bytes of the usual size stand in for it, as in `view`."""
    image_id = world.add(PUBLIC)
    url = f"/images/{image_id}/content?{VARIANT_QUERY}"
    world.meter.request(Work.VARY, "GET", url, 200)
    ((key, _),) = next(world.meter.deployment.storage.list_keys(make_variants_prefix(image_id)))
    world.meter.replace_object(key, bytes(VARIANT_BYTES))
    world.meter.take()
    world.meter.request(Work.VIEW, "GET", url, 200)


def view_original(world: World) -> None:
    world.meter.request(Work.READ, "GET", f"/images/{world.ready[PRIVATE]}/content", 302, user=ANN)
    world.meter.fetch(ORIGINAL_BYTES)


def update(world: World, *, changes: Mapping[str, Any], visibility: Visibility = PRIVATE) -> None:
    url = f"/images/{world.add(visibility)}"
    world.meter.request(Work.CHANGE, "PATCH", url, 200, user=ANN, json=changes)
    world.meter.settle()


def delete(world: World, *, visibility: Visibility) -> None:
    world.meter.request(Work.CHANGE, "DELETE", f"/images/{world.add(visibility)}", 204, user=ANN)
    world.meter.settle()


def delete_kept(world: World, *, visibility: Visibility) -> None:
    with world.meter.deployment.keep_versions(RECOVERY_DAYS):
        delete(world, visibility=visibility)


def trash(world: World, *, visibility: Visibility) -> None:
    url = f"/images/{world.add(visibility)}/trash"
    world.meter.request(Work.CHANGE, "POST", url, 200, user=ANN)
    world.meter.settle()


def restore(world: World, *, visibility: Visibility) -> None:
    url = f"/images/{world.add(visibility)}"
    world.meter.request(Work.CHANGE, "POST", f"{url}/trash", 200, user=ANN)
    world.meter.settle()
    world.meter.take()
    world.meter.request(Work.CHANGE, "POST", f"{url}/restore", 200, user=ANN)
    world.meter.settle()


def trash_batch(world: World) -> None:
    """Of Bob: the counter of Ann would remember more writes than its row has room for."""
    batch = {"action": "trash", "ids": [world.add(PUBLIC, user=BOB) for _ in range(BATCH_IMAGES)]}
    world.meter.request(Work.BATCH, "POST", "/images/batch", 200, user=BOB, json=batch)
    world.meter.settle()


def reprocess(world: World) -> None:
    url = f"/images/{world.add(PUBLIC)}/reprocess"
    world.meter.request(Work.CHANGE, "POST", url, 202, user=ANN)
    world.meter.settle()


def replace(world: World) -> None:
    """By a smaller picture, so that the difference is given back."""
    url = f"/images/{world.add(PUBLIC)}/content"
    options = make_form(file=make_picture(), filename=FILENAME)
    world.meter.request(Work.UPLOAD, "PUT", url, 202, user=ANN, **options)
    world.meter.settle()


OPERATIONS: Mapping[str, Act] = {
    "Upload, public": partial(upload, visibility=PUBLIC),
    "Upload, private": partial(upload, visibility=PRIVATE),
    "Upload with key, public": partial(upload, visibility=PUBLIC, has_key=True),
    "Upload with key, sent again": repeat_upload,
    "Direct upload, public": partial(upload_directly, visibility=PUBLIC),
    "Direct upload, private": partial(upload_directly, visibility=PRIVATE),
    "Upload that is rejected": upload_damaged,
    "Upload that the quota refuses": upload_too_many,
    "Page, signed in": partial(list_page, user=ANN),
    "Page, anonymous": list_page,
    "Page of another user": partial(list_page, query=f"userId={BOB}", user=ANN),
    "Page of own images": partial(list_page, query=f"userId={ANN}", user=ANN),
    "Page with a tag, signed in": partial(list_page, query="tags=sunset", user=ANN),
    "Page with a tag, anonymous": partial(list_page, query="tags=sunset"),
    "Metadata": read,
    "Metadata, not modified (304)": read_unchanged,
    "View of a thumbnail": partial(view, rendition=RenditionName.THUMBNAIL, size=THUMBNAIL_BYTES),
    "View of a large rendition": partial(view, rendition=RenditionName.LARGE, size=LARGE_BYTES),
    "View of a thumbnail, not modified (304)": view_unchanged,
    "View of a variant that is made": make_variant,
    "View of a variant that is kept": view_variant,
    "Download of the original": view_original,
    "Change of the description": partial(update, changes={"description": "Another one"}),
    "Publication": partial(update, changes={"visibility": "public"}),
    "Tag added, public": partial(update, changes={"addTags": ["beach"]}, visibility=PUBLIC),
    "Tag added, private": partial(update, changes={"addTags": ["beach"]}),
    "Trash, public": partial(trash, visibility=PUBLIC),
    "Trash, private": partial(trash, visibility=PRIVATE),
    "Restoration, public": partial(restore, visibility=PUBLIC),
    "Restoration, private": partial(restore, visibility=PRIVATE),
    "Batch: trash of 20, public": trash_batch,
    "Deletion, public": partial(delete, visibility=PUBLIC),
    "Deletion, private": partial(delete, visibility=PRIVATE),
    "Deletion with `RecoveryDays`, public": partial(delete_kept, visibility=PUBLIC),
    "Deletion with `RecoveryDays`, private": partial(delete_kept, visibility=PRIVATE),
    "Reprocessing, public": reprocess,
    "Replacement, public": replace,
}
"""Every image has three tags. A new key is sent with each request that has one."""


@dataclass(frozen=True)
class Measured:
    """The costs of all operations by their names, and the bytes that an image takes in the table."""

    costs: Mapping[str, Cost]
    row_bytes: Mapping[Visibility, int]


def measure(world: World, name: str, act: Act) -> Cost:
    world.meter.take()
    act(world)
    return Cost(name, world.meter.take())


def measure_all(world: World) -> Measured:
    """Measure every operation in a world that is new."""
    world.fill()
    row_bytes = {visibility: world.measure_rows(image_id) for visibility, image_id in world.ready.items()}
    return Measured({name: measure(world, name, act) for name, act in OPERATIONS.items()}, row_bytes)
