"""The parts of the fault matrix: how a request or an event begins, and how to know that it is done."""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shared.errors import NotFound
from shared.images import get_image_usage
from shared.keys import make_original_key, make_rendition_key, make_upload_key, make_variant_key
from shared.lifecycle import PROCESSING_LEASE, Status
from shared.models import Visibility
from shared.renditions import Fit
from shared.variants import Variant, VariantFormat
from tests.support.api import make_form
from tests.support.images import make_image, make_pending, make_ready
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.models import Image
    from tests.support.api import ApiResponse
    from tests.support.deployment import Deployment
    from tests.support.faults import Injection

PICTURE = make_picture()
VARIANT = Variant(64, 32, Fit.INSIDE, VariantFormat.PNG)
KEY = {"Idempotency-Key": "key"}
MAX_RETRIES = 3
KEY = {"Idempotency-Key": "key"}


@dataclass(frozen=True)
class Operation:
    """A request, and how to know that it is done. `{}` in its URL stands for the id of its target."""

    name: str
    method: str
    url: str
    statuses: set[int]
    options: dict[str, Any] = field(default_factory=dict)
    prepare: Callable[[Deployment], str] = lambda _: ""
    check: Callable[[Deployment, str], object] = lambda *_: None
    is_whole: Callable[[ApiResponse], bool] = lambda _: True
    """Tells of a response with one of the statuses whether all is done."""


@dataclass(frozen=True)
class Step:
    """One event that is handled."""

    name: str
    deliver: Callable[[Deployment, str, Injection | None], bool]
    prepare: Callable[[Deployment], str]
    check: Callable[[Deployment, str], object]


def add(deployment: Deployment, image: Image) -> None:
    deployment.usages.reserve(image.id, image.user_id, get_image_usage(image))
    deployment.images.add(image)


def add_ready(deployment: Deployment, **fields: Any) -> str:  # noqa: ANN401 - any field of an image
    image = make_ready(size=len(PICTURE), sha256=hashlib.sha256(PICTURE).hexdigest(), **fields)
    deployment.storage.add(make_original_key(image.id), PICTURE, image.content_type)
    for name in image.renditions:
        deployment.storage.add(make_rendition_key(image.id, name), b"x", "image/webp")
    add(deployment, image)
    deployment.wire.written.clear()
    return image.id


def add_private(deployment: Deployment) -> str:
    return add_ready(deployment, visibility=Visibility.PRIVATE, tags=("sea",))


def add_two(deployment: Deployment) -> str:
    add_private(deployment)
    return add_private(deployment)


def add_uploaded(deployment: Deployment, content: bytes = PICTURE) -> str:
    lease = int(time.time() + PROCESSING_LEASE.total_seconds())
    image = make_image(size=len(PICTURE), leased_until=lease)
    deployment.storage.add(make_original_key(image.id), content, image.content_type)
    add(deployment, image)
    deployment.wire.written.clear()
    return image.id


def add_damaged(deployment: Deployment) -> str:
    return add_uploaded(deployment, PICTURE[:-100])


def post(deployment: Deployment, content: bytes) -> str:
    """A direct upload whose bytes have come."""
    image = make_pending(size=len(PICTURE))
    deployment.images.add(image)
    deployment.storage.add(make_upload_key(image.id), content, image.content_type)
    deployment.wire.written.clear()
    return image.id


def post_right(deployment: Deployment) -> str:
    return post(deployment, PICTURE)


def post_wrong(deployment: Deployment) -> str:
    return post(deployment, PICTURE[:-2])


def post_accepted(deployment: Deployment) -> str:
    image_id = post_right(deployment)
    deployment.deliver(make_upload_key(image_id))
    deployment.wire.written.clear()
    return image_id


def leave_original(deployment: Deployment) -> str:
    image_id = make_image().id
    deployment.storage.add(make_original_key(image_id), PICTURE, "image/jpeg")
    deployment.wire.written.clear()
    return image_id


def leave_variant(deployment: Deployment, image_id: str) -> None:
    data = make_picture("PNG", VARIANT.width, VARIANT.height)
    deployment.storage.add(make_variant_key(image_id, VARIANT), data, VARIANT.format.content_type)


def leave_objects(deployment: Deployment) -> str:
    image_id = add_ready(deployment)
    leave_variant(deployment, image_id)
    deployment.images.delete(image_id)
    return image_id


def leave_rejected(deployment: Deployment) -> str:
    image_id = add_damaged(deployment)
    deployment.deliver(make_original_key(image_id))
    return image_id


def add_item(deployment: Deployment) -> str:
    response = deployment.request("POST", "/items", user="ann", json={"name": "a"})
    assert response
    return str(response.json["id"])


def add_file(deployment: Deployment) -> str:
    response = deployment.request("POST", "/upload", user="ann", **make_form(file=PICTURE))
    assert response
    return str(response.json["file"]["id"])


def leave_file(deployment: Deployment) -> str:
    """A file whose record is deleted, and whose bytes are still to go."""
    file_id = add_file(deployment)
    assert deployment.request("DELETE", f"/files/{file_id}", user="ann")
    return file_id


def add_everything(deployment: Deployment) -> str:
    """An image with a variant, a file, an item and a direct upload that is pending."""
    add_file(deployment)
    add_item(deployment)
    direct = {"contentType": "image/jpeg", "size": 9}
    assert deployment.request("POST", "/images/uploads", user="ann", json=direct)
    image_id = add_private(deployment)
    leave_variant(deployment, image_id)
    return image_id


def begin_erasure(deployment: Deployment) -> str:
    image_id = add_everything(deployment)
    assert deployment.request("DELETE", "/me", user="ann")
    return image_id


def erase_all(deployment: Deployment) -> str:
    """An erasure that has deleted all records. Nothing else has followed that."""
    image_id = begin_erasure(deployment)
    assert deployment.follow()
    return image_id


def check_erased(deployment: Deployment, _: str) -> None:
    response = deployment.request("GET", "/me", user="ann")
    assert response
    assert response.json["erasure"]["finishedAt"]
    assert response.json["erasure"]["deleted"].keys() == {"images", "files", "items"}
    assert {*response.json["used"].values()} == {0}
    assert [key for page in deployment.storage.list_keys() for key, _ in page] == ["erasures/ann"]
    rows = [*deployment.engine.list_items("images"), *deployment.engine.list_items("items")]
    assert sorted(row["sk"]["S"] for row in rows if "ann" in str(row)) == ["ERASURE", "USAGE"]


def read_images(deployment: Deployment) -> list[Any]:
    response = deployment.request("GET", "/images", user="ann")
    assert response
    images: list[Any] = response.json["images"]
    return images


def check_one_image(deployment: Deployment, _: str) -> None:
    (image,) = read_images(deployment)
    assert image["status"] == "ready"
    assert deployment.storage.get(make_original_key(image["id"])) == PICTURE


def check_some_images(deployment: Deployment, _: str) -> None:
    """Without a key, a request whose response was lost may be done twice."""
    images = read_images(deployment)
    assert 1 <= len(images) <= 1 + MAX_RETRIES
    assert {image["status"] for image in images} == {"ready"}


def check_image(**expected: Any) -> Callable[[Deployment, str], object]:  # noqa: ANN401 - fields of an image
    def check(deployment: Deployment, image_id: str) -> None:
        image = deployment.images.get(image_id)
        assert image.version <= 1 + deployment.sent, "a change whose response was lost was made twice"
        assert {name: getattr(image, name) for name in expected} == expected

    return check


def check_ready(deployment: Deployment, image_id: str) -> None:
    assert deployment.images.get(image_id).status is Status.READY


def check_rejected(deployment: Deployment, image_id: str) -> None:
    """Its bytes are gone."""
    image = deployment.images.get(image_id)
    assert (image.status, image.has_original) == (Status.REJECTED, False)
    assert image.status_reason
    assert image.expires_at
    assert [key for page in deployment.storage.list_keys() for key, _ in page] == []


def check_nothing(deployment: Deployment, image_id: str) -> None:
    assert read_images(deployment) == []
    keys = [key for page in deployment.storage.list_keys() for key, _ in page]
    assert [key for key in keys if image_id in key] == []


def check_one_pending(deployment: Deployment, _: str) -> None:
    """A row that was withdrawn is no image."""
    found = []
    for image_id in deployment.list_ids():
        with suppress(NotFound):
            found.append(deployment.images.get(image_id).status)
    assert found == [Status.PENDING]


def check_items(*names: str) -> Callable[[Deployment, str], object]:
    def check(deployment: Deployment, _: str) -> None:
        response = deployment.request("GET", "/items", user="ann")
        assert response
        assert [item["name"] for item in response.json["items"]] == list(names)

    return check


def check_one_file(deployment: Deployment, _: str) -> None:
    (key,) = [key for page in deployment.storage.list_keys() for key, _ in page]
    assert key.startswith("files/")
    assert deployment.storage.get(key) == PICTURE


def check_no_file(deployment: Deployment, _: str) -> None:
    response = deployment.request("GET", "/files", user="ann")
    assert response
    assert response.json["files"] == []


def check_no_bytes(deployment: Deployment, _: str) -> None:
    assert [key for page in deployment.storage.list_keys() for key, _ in page] == []


def tell_of_upload(deployment: Deployment, image_id: str, injection: Injection | None) -> bool:
    return deployment.deliver(make_upload_key(image_id), injection)


def tell_of_original(deployment: Deployment, image_id: str, injection: Injection | None) -> bool:
    return deployment.deliver(make_original_key(image_id), injection)


def tell_of_change(deployment: Deployment, image_id: str, injection: Injection | None) -> bool:
    del image_id  # all changes come together
    return deployment.follow(injection)
