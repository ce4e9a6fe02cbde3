"""The requests of the fault matrix that are about images with the same bytes."""

from __future__ import annotations

import hashlib

from tests.support.api import make_upload
from tests.support.scenarios import KEY, PICTURE, Operation, add_private, add_two, check_one_image

PICTURE_SHA256 = hashlib.sha256(PICTURE).hexdigest()
ANNOUNCED = {
    "contentType": "image/jpeg",
    "size": len(PICTURE),
    "sha256": PICTURE_SHA256,
    "metadata": {"onDuplicate": "reuse"},
}
DUPLICATE_OPERATIONS = [
    Operation(
        "upload what is new with key",
        "POST",
        "/images/upload",
        {201},
        {"json": make_upload(PICTURE, onDuplicate="refuse"), "headers": KEY},
        check=check_one_image,
    ),
    Operation(
        "upload what is there",
        "POST",
        "/images/upload",
        {200},
        {"json": make_upload(PICTURE, onDuplicate="reuse")},
        add_private,
        check_one_image,
    ),
    Operation(
        "announce what is there with key",
        "POST",
        "/images/uploads",
        {200},
        {"json": ANNOUNCED, "headers": KEY},
        add_private,
        check_one_image,
    ),
    Operation("list the same bytes", "GET", f"/images?sha256={PICTURE_SHA256}", {200}, {}, add_two),
]
