"""The erasure of a user through the handlers, with thousands of images, and beside a consistency check."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from operations.consistency import ConsistencyCheck
from operations.findings import Flaw
from operations.tags import TagCheck
from processor.erasing import BATCH_SIZE
from shared.images import get_image_usage
from shared.quotas import Usage
from tests.support.handlers import listen
from tests.support.images import make_ready
from tests.support.scenarios import add_everything, begin_erasure, check_erased

if TYPE_CHECKING:
    from tests.support.deployment import Deployment
    from tests.support.erasures import Estate

IMAGES = 2000
"""10,000 take the same calls for each, and a minute."""
RECORD_SECONDS = 0.01
FOLLOWS_LATER = (Flaw.ORPHAN, Flaw.WRONG_TAGS)
PARTITIONS = 5
"""Three of images, one of files and one of items."""


@pytest.mark.parametrize("count", [IMAGES])
def test_thousands_of_images_go_in_slices_and_by_their_own_listings(estate: Estate, count: int) -> None:
    for number in range(count):
        image = make_ready(visibility=("public", "private")[number % 2], tags=("sea",))
        estate.images.add(image)
    total = Usage(images=count, bytes=count * get_image_usage(image).bytes)
    estate.usages.reserve("all", "ann", total)
    estate.engine.take_records("images")

    def pass_time(**_: object) -> None:
        estate.clock.advance(RECORD_SECONDS)

    listen(estate.dynamodb, "before-call.dynamodb.TransactWriteItems", pass_time)
    estate.begin()
    estate.engine.calls.clear()
    progress = [0]
    while estate.collect():
        estate.follow()
        erasure = estate.erasures.get("ann")
        assert erasure
        progress.append(erasure.images)
    assert estate.require_gone().images == count
    slices = len({*progress}) - 1
    assert slices > 1, "it held up the changes of others until it was done"
    assert progress == sorted(progress)
    calls = Counter(estate.engine.calls)
    batches = count / BATCH_SIZE
    assert calls["Scan"] == 0
    assert calls["Query"] <= PARTITIONS * (batches + 2 * slices + 5)
    assert calls["TransactWriteItems"] <= count + 2 * (batches + slices) + 5
    assert calls["GetItem"] <= count + 2 * len(progress) + 5


def test_erasure_ends_and_leaves_nothing_wrong(deployment: Deployment) -> None:
    image_id = begin_erasure(deployment)
    deployment.settle()
    check_erased(deployment, image_id)
    assert deployment.find_flaws() == []


def test_check_finds_nothing_wrong_in_the_middle_of_an_erasure(estate: Estate) -> None:
    estate.fill(count=3)
    estate.begin()

    def find() -> list[str]:
        check = ConsistencyCheck(
            estate.images,
            estate.files,
            estate.items,
            estate.storage,
            TagCheck(estate.tags, sleep=lambda _: None),
            clock=lambda: estate.read_time() + timedelta(minutes=1),
        )
        return [f"{finding.flaw} {finding.name}" for finding in check.find()]

    while estate.collect():
        assert [flaw for flaw in find() if not flaw.startswith(FOLLOWS_LATER)] == []
        estate.follow()
    assert find() == []


def test_image_that_was_erased_is_404_and_its_links_open_nothing(deployment: Deployment) -> None:
    image_id = add_everything(deployment)
    link = deployment.request("POST", f"/images/{image_id}/links", user="ann")
    assert link
    path = link.json["url"].split("/images", 1)[1]
    deployment.request("DELETE", "/me", user="ann")
    deployment.settle()
    for url in (f"/images/{image_id}", f"/images{path}"):
        response = deployment.request("GET", url, user="ann")
        assert response
        assert response.status == 404


def test_bytes_that_are_posted_to_a_form_after_that_are_deleted(deployment: Deployment) -> None:
    direct = {"contentType": "image/jpeg", "size": 9}
    begun = deployment.request("POST", "/images/uploads", user="ann", json=direct)
    assert begun
    deployment.request("DELETE", "/me", user="ann")
    deployment.settle()
    key = f"uploads/{begun.json['id']}/1"
    deployment.storage.add(key, b"x" * 9, "image/jpeg")
    deployment.settle()
    assert not deployment.storage.has(key)


def test_response_of_an_earlier_request_does_not_bring_an_image_back(deployment: Deployment) -> None:
    options: dict[str, Any] = {"json": {"name": "a"}, "headers": {"Idempotency-Key": "key"}}
    assert deployment.request("POST", "/items", user="ann", **options)
    deployment.request("DELETE", "/me", user="ann")
    deployment.settle()
    again = deployment.request("POST", "/items", user="ann", **options)
    assert again
    assert again.status == 404
    items = deployment.request("GET", "/items", user="ann")
    assert items
    assert items.json["items"] == []
