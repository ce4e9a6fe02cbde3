from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shared.errors import NotFound, QuotaExceeded
from shared.images import ImageRepository, make_usage_key
from shared.lifecycle import Status
from shared.models import Visibility
from shared.quotas import Quota, Usage
from tests.support.handlers import listen
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
    listen(
        dynamodb,
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
def test_upload_over_the_quota_is_refused_as_a_whole(
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


@pytest.mark.parametrize(
    ("used", "added", "fits"),
    [
        (Usage(images=2, bytes=90), Usage(images=1, bytes=10), True),
        (Usage(images=3, bytes=0), Usage(images=1), False),
        (Usage(images=2, bytes=91), Usage(images=1, bytes=10), False),
        (Usage(images=3, bytes=90), Usage(bytes=10), True),
        (Usage(images=4, bytes=200), Usage(images=-1, bytes=-100), True),
    ],
)
def test_room_is_what_is_left_of_both_bounds(used: Usage, added: Usage, fits: bool) -> None:
    quota = Quota(max_images=3, max_bytes=100)
    if fits:
        quota.require_room(used, added)
    else:
        with pytest.raises(QuotaExceeded, match="3 images and 100 bytes"):
            quota.require_room(used, added)
    Quota().require_room(used, added)


@pytest.mark.parametrize(
    ("difference", "grows", "is_zero"),
    [
        (Usage(), False, True),
        (Usage(images=1), True, False),
        (Usage(bytes=1), True, False),
        (Usage(images=-1, bytes=-5), False, False),
        (Usage(images=-1, bytes=5), True, False),
        (Usage(bytes=-1), False, False),
    ],
)
def test_difference_grows_if_it_takes_any_room(difference: Usage, grows: bool, is_zero: bool) -> None:
    assert (difference.grows, difference.is_zero) == (grows, is_zero)


def test_usages_are_added_and_subtracted() -> None:
    assert Usage(images=5, bytes=70) + Usage(images=2, bytes=30) == Usage(images=7, bytes=100)
    assert Usage(images=5, bytes=70) - Usage(images=2, bytes=30) == Usage(images=3, bytes=40)


@pytest.mark.parametrize(("size", "fits"), [(1500, True), (1501, False), (10, True)])
def test_image_that_turns_out_larger_needs_room_for_the_difference(
    table: Table, size: int, fits: bool
) -> None:
    images = make_repository(table, images=2, size=2500)
    image = images.add(make_image(size=1000))
    images.add(make_image(size=1000))
    if fits:
        images.update(image.id, lambda old: old.model_copy(update={"size": size}))
    else:
        with pytest.raises(QuotaExceeded):
            images.update(image.id, lambda old: old.model_copy(update={"size": size}))
    assert images.get_usage("ann") == Usage(images=2, bytes=1000 + (size if fits else 1000))


def test_request_needs_no_room_again_for_what_its_first_try_added(table: Table) -> None:
    images = make_repository(table, images=1)
    images.add(make_image(), claim="c")
    images.require_room("ann", 1, claim="c")
    for claim in (None, "other"):
        with pytest.raises(QuotaExceeded):
            images.require_room("ann", 1, claim=claim)


def test_counter_has_a_version_that_every_change_raises(
    dynamodb: DynamoDBClient, images: ImageRepository
) -> None:
    """Whoever repairs it sees by this that it has changed since."""
    image = images.add(make_image(user_id="a#b"))
    images.add(make_image(user_id="a#b"))
    images.delete(image.id)
    key = {"pk": {"S": "USER#a%23b"}, "sk": {"S": "USAGE"}}
    assert dynamodb.get_item(TableName="images", Key=key)["Item"] == key | {
        "images": {"N": "1"},
        "bytes": {"N": "1000"},
        "version": {"N": "3"},
    }
    assert make_usage_key("a#b") == ("USER#a%23b", "USAGE")
