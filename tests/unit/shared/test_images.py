from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shared.errors import Conflict, Forbidden, NotFound
from shared.images import USAGE_KIND, ImageFilter, ImageRepository, parse_record_key
from shared.lifecycle import Event, Status
from shared.listing import Span
from shared.models import Facts, Visibility
from shared.table import PATIENCE_SECONDS
from tests.support.images import finish, make_image, make_ready, reject

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.models import Image


def list_rows(dynamodb: DynamoDBClient) -> list[tuple[str, str]]:
    """Records and entries; users' counters outlive them."""
    keys = [(row["pk"]["S"], row["sk"]["S"]) for row in dynamodb.scan(TableName="images")["Items"]]
    return sorted(key for key in keys if key[1] != USAGE_KIND)


def list_partitions(dynamodb: DynamoDBClient) -> list[str]:
    return [partition for partition, sort in list_rows(dynamodb) if sort != "IMAGE"]


def test_private_image_has_an_entry_for_itself_and_for_each_tag(
    dynamodb: DynamoDBClient, images: ImageRepository
) -> None:
    images.add(make_image(visibility=Visibility.PRIVATE, tags=("sea", "sun")))
    assert list_partitions(dynamodb) == [
        "USER#ann#PRIVATE",
        "USER#ann#PRIVATE#TAG#sea",
        "USER#ann#PRIVATE#TAG#sun",
    ]


def test_public_image_has_twice_as_many_once_it_is_ready(
    dynamodb: DynamoDBClient, images: ImageRepository
) -> None:
    image = images.add(make_image(tags=("sea",), shard=2))
    assert list_partitions(dynamodb) == ["USER#ann#UNPUBLISHED", "USER#ann#UNPUBLISHED#TAG#sea"]
    finish(images, image.id)
    assert list_partitions(dynamodb) == [
        "PUBLIC#2",
        "PUBLIC#2#TAG#sea",
        "USER#ann#PUBLIC",
        "USER#ann#PUBLIC#TAG#sea",
    ]


def test_image_with_all_tags_fits_into_one_transaction_when_everything_changes(
    dynamodb: DynamoDBClient, images: ImageRepository
) -> None:
    image = make_ready(tags=tuple(f"old{number}" for number in range(20)))
    images.add(image)
    new_tags = tuple(f"new{number}" for number in range(20))
    images.update(image.id, lambda old: old.model_copy(update={"tags": new_tags}))
    assert len(list_partitions(dynamodb)) == 42
    assert not any("old" in partition for partition in list_partitions(dynamodb))


@pytest.mark.parametrize(
    "update",
    [
        {"visibility": Visibility.PRIVATE},
        {"tags": ("sun", "moon")},
        {"tags": (), "visibility": Visibility.PRIVATE},
        {"description": "x"},
    ],
)
def test_update_leaves_the_entries_that_a_new_image_would_have(
    dynamodb: DynamoDBClient, images: ImageRepository, update: dict[str, Any]
) -> None:
    image = make_ready(tags=("sea", "sun"))
    images.add(image)
    new = images.update(image.id, lambda old: old.model_copy(update=update))
    assert new.version == 2
    assert images.get(image.id) == new
    assert list_partitions(dynamodb) == sorted(images.get_partitions(new))


def test_deleted_image_leaves_no_row(dynamodb: DynamoDBClient, images: ImageRepository) -> None:
    image = make_image(tags=("sea", "sun"))
    images.add(image)
    images.delete(image.id)
    assert list_rows(dynamodb) == []


def test_refused_change_changes_nothing(dynamodb: DynamoDBClient, images: ImageRepository) -> None:
    def refuse(_: Image) -> None:
        raise Forbidden("no")

    image = make_image()
    images.add(image)
    rows = list_rows(dynamodb)
    with pytest.raises(Forbidden):
        images.update(image.id, lambda old: old.model_copy(update={"description": "x"}), refuse)
    with pytest.raises(Forbidden):
        images.delete(image.id, refuse)
    assert list_rows(dynamodb) == rows
    assert images.get(image.id) == image


def test_update_that_was_overtaken_is_made_on_the_newer_image(images: ImageRepository) -> None:
    image = make_image()
    images.add(image)
    rivals = iter(("sea", "sun"))

    def change(old: Image) -> Image:
        if rival := next(rivals, None):
            images.update(image.id, lambda older: older.model_copy(update={"tags": (*older.tags, rival)}))
        return old.model_copy(update={"description": "mine"})

    new = images.update(image.id, change)
    assert (new.description, new.tags, new.version) == ("mine", ("sea", "sun"), 4)


def test_processing_and_change_at_once_keep_both(images: ImageRepository) -> None:
    image = make_image()
    images.add(image)

    def change(old: Image) -> Image:
        images.apply(image.id, Event.FINISH, facts=Facts(width=7))
        return old.model_copy(update={"description": "mine"})

    new = images.update(image.id, change)
    assert (new.description, new.status, new.width) == ("mine", Status.READY, 7)


@pytest.mark.parametrize("final", [Event.FINISH, Event.REJECT])
def test_final_result_stays(images: ImageRepository, final: Event) -> None:
    image = make_image()
    images.add(image)
    assert images.apply(image.id, Event.FAIL, reason="oops")
    result = images.apply(image.id, final)
    assert result
    for event in (Event.FAIL, Event.REJECT, Event.FINISH, Event.DELAY):
        assert images.apply(image.id, event) is None
    assert images.get(image.id) == result
    assert (result.status_reason, result.version) == (None, 3)


def test_facts_that_are_not_known_leave_the_image_as_it_was(images: ImageRepository) -> None:
    image = images.add(make_image(width=5, sha256="0" * 64))
    finish(images, image.id, animated=True)
    stored = images.get(image.id)
    assert (stored.width, stored.sha256, stored.animated) == (5, "0" * 64, True)


def test_event_of_a_deleted_image_brings_nothing_back(
    dynamodb: DynamoDBClient, images: ImageRepository
) -> None:
    image = make_image()
    images.add(image)
    images.delete(image.id)
    for event in Event:
        assert images.apply(image.id, event) is None
    assert list_rows(dynamodb) == []
    with pytest.raises(NotFound):
        images.get(image.id)


def test_entries_of_a_rejected_image_end_with_it(dynamodb: DynamoDBClient, images: ImageRepository) -> None:
    image = images.add(make_image(tags=("sea",)))
    rejected = reject(images, image.id)
    rows = [row for row in dynamodb.scan(TableName="images")["Items"] if row["sk"]["S"] != USAGE_KIND]
    assert len(rows) == 3
    assert {int(row["expires_at"]["N"]) for row in rows} == {rejected.expires_at}


def test_image_that_has_ended_is_gone_before_dynamodb_deletes_it(images: ImageRepository) -> None:
    ended = {"status": Status.REJECTED, "has_original": False, "leased_until": None, "expires_at": 1}
    image = images.add(make_image(**ended))
    kept = images.add(make_ready())
    with pytest.raises(NotFound):
        images.get(image.id)
    for write in (lambda: images.update(image.id, lambda old: old), lambda: images.delete(image.id)):
        with pytest.raises(NotFound):
            write()
    page = images.list_visible(ImageFilter("ann"), Span(), limit=1)
    assert [found.id for found in page.records] == [kept.id]


def test_key_of_an_entry_is_no_record() -> None:
    assert parse_record_key(("IMAGE#1", "IMAGE")) == "1"
    assert parse_record_key(("USER#IMAGE#PUBLIC", "2026#1")) is None


def test_delete_that_was_overtaken_deletes_the_newer_image(
    dynamodb: DynamoDBClient, images: ImageRepository
) -> None:
    image = make_image()
    images.add(image)
    rivals = iter(["sea"])

    def overtake(old: Image) -> None:
        if rival := next(rivals, None):
            images.update(old.id, lambda older: older.model_copy(update={"tags": (rival,)}))

    images.delete(image.id, overtake)
    assert list_rows(dynamodb) == []


def test_write_that_is_overtaken_again_and_again_is_a_conflict(
    images: ImageRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    image = make_image()
    images.add(image)

    def overtake(old: Image) -> None:
        images.update(old.id, lambda older: older)

    with pytest.raises(Conflict):
        images.update(image.id, lambda old: old, overtake)
    with pytest.raises(Conflict):
        images.delete(image.id, overtake)
    assert PATIENCE_SECONDS < sum(pauses) < 3 * PATIENCE_SECONDS
