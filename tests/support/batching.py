"""The parts of the fault matrix for batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.images import new_id
from tests.support.scenarios import KEY, Operation, add_ready, check_nothing, read_images

if TYPE_CHECKING:
    from tests.support.api import ApiResponse
    from tests.support.deployment import Deployment

IDS = [new_id(), new_id()]


def add_both(deployment: Deployment) -> str:
    for image_id in IDS:
        add_ready(deployment, id=image_id)
    return IDS[0]


def is_whole(response: ApiResponse) -> bool:
    """Tell whether no part of the batch has to be sent again."""
    return all(result["retryAfter"] is None for result in response.json["results"])


def check_both_trashed(deployment: Deployment, _: str) -> None:
    found = [deployment.images.get(image_id) for image_id in IDS]
    assert [(image.is_trashed, image.version) for image in found] == [(True, 2)] * 2
    assert read_images(deployment) == []


def check_both_deleted(deployment: Deployment, _: str) -> None:
    for image_id in IDS:
        check_nothing(deployment, image_id)


BATCH_OPERATIONS = [
    Operation(
        "trash two",
        "POST",
        "/images/batch",
        {200},
        {"json": {"action": "trash", "ids": IDS}, "headers": KEY},
        add_both,
        check_both_trashed,
        is_whole,
    ),
    Operation(
        "delete two",
        "POST",
        "/images/batch",
        {200},
        {"json": {"action": "delete", "ids": IDS}},
        add_both,
        check_both_deleted,
        is_whole,
    ),
]
