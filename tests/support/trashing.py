"""The parts of the fault matrix for the trash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.keys import make_original_key
from tests.support.displays import add_shown
from tests.support.scenarios import (
    KEY,
    Operation,
    Step,
    add_private,
    check_image,
    check_nothing,
    leave_variant,
    read_images,
    tell_of_change,
)

if TYPE_CHECKING:
    from tests.support.deployment import Deployment


def add_trashed(deployment: Deployment) -> str:
    image_id = add_private(deployment)
    assert deployment.request("POST", f"/images/{image_id}/trash", user="ann")
    return image_id


def end_trash(deployment: Deployment) -> str:
    """An image whose time in the trash is over. DynamoDB has removed its row and its entries."""
    image_id = add_trashed(deployment)
    leave_variant(deployment, image_id)
    ends_at = deployment.images.get(image_id).expires_at
    assert ends_at
    deployment.engine.sweep(ends_at + 1)
    return image_id


def check_trashed(deployment: Deployment, image_id: str) -> None:
    """It counts, its bytes are kept, and only the trash shows it."""
    image = deployment.images.get(image_id)
    assert (image.is_trashed, image.version) == (True, 2)
    assert deployment.storage.has(make_original_key(image_id))
    assert deployment.usages.get(image.user_id).images == 1
    assert read_images(deployment) == []


TRASH_OPERATIONS = [
    Operation("trash", "POST", "/images/{}/trash", {200}, {"headers": KEY}, add_private, check_trashed),
    Operation("hide in the trash", "POST", "/images/{}/trash", {200}, {}, add_shown, check_trashed),
    Operation(
        "restore",
        "POST",
        "/images/{}/restore",
        {200},
        {"headers": KEY},
        add_trashed,
        check_image(trash=None, expires_at=None),
    ),
    Operation("list the trash", "GET", "/images?trashed=true", {200}, {}, add_trashed, check_trashed),
]
TRASH_STEPS = [Step("follow the end of the trash", tell_of_change, end_trash, check_nothing)]
