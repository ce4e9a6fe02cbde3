from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shared.errors import NotFound, QuotaExceeded
from shared.images import ImageRepository
from shared.lifecycle import Status
from shared.models import Visibility
from shared.quotas import Quota, Usage
from tests.support.images import FAR_FUTURE, make_image, reject

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.table import Table

LARGE = Usage(images=1, bytes=1000)


def make_repository(table: Table, *, images: int | None = None, size: int | None = None) -> ImageRepository:
    return ImageRepository(table, quota=Quota(images, size))


def test_user_without_images_has_nothing(images: ImageRepository) -> None:
    assert images.get_usage("ann") == Usage()


@pytest.mark.parametrize(
    ("fields", "counted"),
    [
        ({}, True),
        ({"status": Status.READY}, True),
        ({"status": Status.FAILED}, True),
        ({"visibility": Visibility.PRIVATE}, True),
        ({"status": Status.REJECTED}, True),  # its bytes are still there
        ({"status": Status.REJECTED, "has_original": False, "expires_at": FAR_FUTURE}, False),
        ({"status": Status.PENDING, "has_original": False, "expires_at": FAR_FUTURE}, False),
        ({"status": Status.FAILED, "has_original": False, "expires_at": FAR_FUTURE}, False),
    ],
)
def test_images_count_whose_originals_are_kept(
    images: ImageRepository, fields: dict[str, Any], counted: bool
) -> None:
    images.add(make_image(**fields))
    assert images.get_usage("ann") == (LARGE if counted else Usage())


@pytest.mark.parametrize("release", [reject, ImageRepository.delete])
def test_deletion_and_rejection_make_room(
    images: ImageRepository, release: Callable[[ImageRepository, str], object]
) -> None:
    first, second = make_image(), make_image()
    for image in (first, second, make_image(user_id="bob")):
        images.add(image)
    release(images, first.id)
    assert images.get_usage("ann") == LARGE
    assert images.get_usage("bob") == LARGE


def test_rejected_image_that_is_deleted_makes_no_room_twice(images: ImageRepository) -> None:
    image = images.add(make_image())
    images.add(make_image())
    reject(images, image.id)
    images.delete(image.id)
    assert images.get_usage("ann") == LARGE


def test_change_that_counts_nothing_writes_no_counter(
    images: ImageRepository, dynamodb: DynamoDBClient
) -> None:
    image = images.add(make_image())
    writes: list[Any] = []
    dynamodb.meta.events.register(
        "before-parameter-build.dynamodb.TransactWriteItems",
        lambda params, **_: writes.extend(params["TransactItems"]),
    )
    images.update(image.id, lambda old: old.model_copy(update={"description": "x"}))
    assert [list(write) for write in writes] == [["Put"]]


@pytest.mark.parametrize(
    ("quota", "sizes", "fits"),
    [
        ((3, None), [1, 1, 1, 1], 3),
        ((None, 2500), [1000, 1000, 1000], 2),
        ((None, 999), [1000], 0),
        ((None, 1000), [1000], 1),
        ((1, 10), [11, 10, 1], 1),
        ((None, None), [10**12] * 3, 3),
    ],
)
def test_what_is_over_the_quota_is_refused_whole(
    table: Table, dynamodb: DynamoDBClient, quota: tuple[int | None, int | None], sizes: list[int], fits: int
) -> None:
    images = make_repository(table, images=quota[0], size=quota[1])
    added = []
    for size in sizes:
        image = make_image(size=size)
        try:
            images.add(image)
        except QuotaExceeded:
            with pytest.raises(NotFound):
                images.get(image.id)
        else:
            added.append(image)
    assert len(added) == fits
    assert images.get_usage("ann") == Usage(images=fits, bytes=sum(image.size for image in added))
    records = [row for row in dynamodb.scan(TableName="images")["Items"] if row["sk"]["S"] == "IMAGE"]
    assert len(records) == fits


def test_check_before_anything_is_stored_agrees_with_the_write(table: Table) -> None:
    images = make_repository(table, images=2, size=1500)
    images.add(make_image())
    images.require_room("ann", 500)
    with pytest.raises(QuotaExceeded):
        images.require_room("ann", 501)
    images.require_room("bob", 1500)


def test_user_over_a_lowered_quota_can_delete_but_not_add(table: Table) -> None:
    generous, strict = (
        make_repository(table, images=3, size=3000),
        make_repository(table, images=1, size=1000),
    )
    kept = [generous.add(make_image()) for _ in range(3)]
    with pytest.raises(QuotaExceeded):
        strict.add(make_image())
    for image in kept[:2]:
        strict.delete(image.id)
    assert strict.get_usage("ann") == LARGE
    with pytest.raises(QuotaExceeded):
        strict.add(make_image())
    reject(strict, kept[2].id)
    strict.add(make_image())


@pytest.mark.parametrize(
    ("quota", "words"),
    [
        (Quota(3), "3 images. Delete"),
        (Quota(None, 9), "9 bytes. Delete"),
        (Quota(3, 9), "3 images and 9 bytes. Delete"),
    ],
)
def test_error_names_the_bounds_and_what_to_do(quota: Quota, words: str) -> None:
    assert words in quota.make_error().detail
