"""The parts of the fault matrix for variants: an image with pictures, and what may be left of them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from imaging.renditions import render
from shared.keys import make_original_key, make_rendition_key, make_variant_key
from shared.models import Rendition
from shared.renditions import RENDITION_TYPE
from tests.support.images import make_ready
from tests.support.scenarios import PICTURE, VARIANT, add, leave_variant

if TYPE_CHECKING:
    from tests.support.deployment import Deployment

QUERY = "width=64&format=png"


def add_shown(deployment: Deployment) -> str:
    """An image whose renditions are pictures, so that variants can be made of them."""
    rendered = render(PICTURE).renditions
    renditions = {
        name: Rendition(width=made.width, height=made.height, size=len(made.data))
        for name, made in rendered.items()
    }
    sha256 = hashlib.sha256(PICTURE).hexdigest()
    image = make_ready(size=len(PICTURE), sha256=sha256, renditions=renditions)
    deployment.storage.add(make_original_key(image.id), PICTURE, image.content_type)
    for name, made in rendered.items():
        deployment.storage.add(make_rendition_key(image.id, name), made.data, RENDITION_TYPE)
    add(deployment, image)
    deployment.wire.written.clear()
    return image.id


def add_varied(deployment: Deployment) -> str:
    """An image with a variant."""
    image_id = add_shown(deployment)
    leave_variant(deployment, image_id)
    return image_id


def link_variant(deployment: Deployment) -> str:
    """Return the path of a link to a variant of any size."""
    body: dict[str, Any] = {"width": 65, "format": "png"}
    response = deployment.request("POST", f"/images/{add_shown(deployment)}/links", user="ann", json=body)
    assert response
    url: str = response.json["url"]
    return url[url.index("/images/") :]


def list_variants(deployment: Deployment) -> list[str]:
    return [key for page in deployment.storage.list_keys("variants/") for key, _ in page]


def check_variant(deployment: Deployment, image_id: str) -> None:
    """It is stored once, or not at all if storing failed. The bytes are right in any case."""
    assert list_variants(deployment) in ([], [make_variant_key(image_id, VARIANT)])
    response = deployment.request("GET", f"/images/{image_id}/content?{QUERY}")
    assert response
    assert (response.status, response.headers["Content-Type"]) == (200, "image/png")
    assert list_variants(deployment) == [make_variant_key(image_id, VARIANT)]


def check_no_variant(deployment: Deployment, _: str) -> None:
    """No object is left of the variant of a link."""
    assert list_variants(deployment) == []
