from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shared.errors import NotFound, QuotaExceeded
from shared.images import ImageRepository
from shared.models import ProcessingResult, Status, Visibility
from shared.quotas import Quota, Usage
from tests.records import make_image

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.models import Image
    from shared.table import Table

END = 4_000_000_000
LARGE = Usage(images=1, bytes=1000)


def allow(_: object) -> None:
    pass


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
        ({"status": Status.REJECTED}, False),
        ({"status": Status.PENDING, "listed": False, "expires_at": END}, False),
        ({"status": Status.FAILED, "listed": False, "expires_at": END}, False),
    ],
)
def test_images_count_that_are_here_and_not_rejected(
    images: ImageRepository, fields: dict[str, Any], counted: bool
) -> None:
    images.add(make_image(**fields))
    assert images.get_usage("ann") == (LARGE if counted else Usage())


def reject(images: ImageRepository, image: Image) -> None:
    images.set_result(image.id, ProcessingResult(status=Status.REJECTED))


def delete(images: ImageRepository, image: Image) -> None:
    images.delete(image.id, allow)


@pytest.mark.parametrize("release", [reject, delete])
def test_deletion_and_rejection_make_room(
    images: ImageRepository, release: Callable[[ImageRepository, Image], None]
) -> None:
    first, second = make_image(), make_image()
    for image in (first, second, make_image(user_id="bob")):
        images.add(image)
    release(images, first)
    assert images.get_usage("ann") == LARGE
    assert images.get_usage("bob") == LARGE


def test_rejected_image_that_is_deleted_makes_no_room_twice(images: ImageRepository) -> None:
    image = images.add(make_image())
    images.add(make_image())
    reject(images, image)
    delete(images, image)
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
    images.update(image.id, lambda old: old.model_copy(update={"description": "x"}), allow)
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
    images.check_quota("ann", 500)
    with pytest.raises(QuotaExceeded):
        images.check_quota("ann", 501)
    images.check_quota("bob", 1500)
