"""The parts of the fault matrix for tags that are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.scenarios import Operation, Step, add_private, tell_of_change

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.deployment import Deployment


def add_counted(deployment: Deployment) -> str:
    image_id = add_private(deployment)
    assert deployment.follow()
    return image_id


def change_tags(deployment: Deployment) -> str:
    image_id = add_counted(deployment)
    assert deployment.request("PATCH", f"/images/{image_id}", user="ann", json={"tags": ["sun", "moon"]})
    return image_id


def check_tags(**counts: int) -> Callable[[Deployment, str], object]:
    def check(deployment: Deployment, _: str) -> None:
        response = deployment.request("GET", "/tags", user="ann")
        assert response
        assert {tag["name"]: tag["count"] for tag in response.json["tags"]} == counts

    return check


TAG_OPERATIONS = [Operation("list tags", "GET", "/tags", {200}, {}, add_counted, check_tags(sea=1))]
TAG_STEPS = [
    Step("count the tags of a new image", tell_of_change, add_private, check_tags(sea=1)),
    Step("count changed tags", tell_of_change, change_tags, check_tags(moon=1, sun=1)),
]
