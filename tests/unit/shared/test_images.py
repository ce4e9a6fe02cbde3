from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shared.errors import Contended, Forbidden, NotFound
from shared.images import ImageFilter, ImageRepository
from shared.lifecycle import Event, Status
from shared.listing import Span
from shared.models import Facts, Visibility
from shared.retries import PATIENCE_SECONDS
from shared.transactions import ConditionFailed
from tests.support.images import finish, make_image, make_ready, reject

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.models import Image


SAME_BYTES = f"USER#ann#SHA256#{'0' * 64}"


def list_rows(dynamodb: DynamoDBClient) -> list[tuple[str, str]]:
    """Records and entries."""
    return sorted((row["pk"]["S"], row["sk"]["S"]) for row in dynamodb.scan(TableName="images")["Items"])


def list_partitions(dynamodb: DynamoDBClient) -> list[str]:
    return [partition for partition, sort in list_rows(dynamodb) if sort != "IMAGE"]


def test_private_image_has_an_entry_for_itself_and_for_each_tag(
    dynamodb: DynamoDBClient, images: ImageRepository
) -> None:
    images.add(make_image(visibility=Visibility.PRIVATE, tags=("sea", "sun"), shard=1))
    assert list_partitions(dynamodb) == [
        "ALL#1#PRIVATE",
        "USER#ann#PRIVATE",
        "USER#ann#PRIVATE#TAG#sea",
        "USER#ann#PRIVATE#TAG#sun",
        SAME_BYTES,
    ]


def test_public_image_has_twice_as_many_once_it_is_ready(
    dynamodb: DynamoDBClient, images: ImageRepository
) -> None:
    image = images.add(make_image(tags=("sea",), shard=2))
    assert list_partitions(dynamodb) == [
        "ALL#2#UNPUBLISHED",
        SAME_BYTES,
        "USER#ann#UNPUBLISHED",
        "USER#ann#UNPUBLISHED#TAG#sea",
    ]
    finish(images, image.id)
    assert list_partitions(dynamodb) == [
        "PUBLIC#2",
        "PUBLIC#2#TAG#sea",
        "USER#ann#PUBLIC",
        "USER#ann#PUBLIC#TAG#sea",
        SAME_BYTES,
    ]


@pytest.mark.parametrize(
    "update",
    [
        {"visibility": Visibility.PRIVATE},
        {"tags": ("sun", "moon")},
        {"tags": (), "visibility": Visibility.PRIVATE},
        {"description": "x"},
        {"sha256": "1" * 64},
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
    rows = dynamodb.scan(TableName="images")["Items"]
    assert len(rows) == 5
    assert {int(row["expires_at"]["N"]) for row in rows} == {rejected.expires_at}


def test_image_that_has_ended_is_gone_before_dynamodb_deletes_it(images: ImageRepository) -> None:
    ended = {"status": Status.REJECTED, "has_original": False, "leased_until": None, "expires_at": 1}
    image = images.add(make_image(**ended))
    kept = images.add(make_ready())
    with pytest.raises(NotFound):
        images.get(image.id)
    with pytest.raises(NotFound):
        images.update(image.id, lambda old: old)
    with pytest.raises(NotFound):
        images.delete(image.id)
    page = images.list_visible(ImageFilter("ann"), Span(), limit=1)
    assert [found.id for found in page.records] == [kept.id]


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


def test_write_that_is_overtaken_again_and_again_is_contended(
    images: ImageRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    image = make_image()
    images.add(image)

    def overtake(old: Image) -> None:
        images.update(old.id, lambda older: older)

    with pytest.raises(Contended):
        images.update(image.id, lambda old: old, overtake)
    with pytest.raises(Contended):
        images.delete(image.id, overtake)
    assert PATIENCE_SECONDS < sum(pauses) < 3 * PATIENCE_SECONDS


def test_image_that_is_withdrawn_can_be_added_no_more(images: ImageRepository) -> None:
    image = make_image()
    assert images.withdraw(image) is None
    assert images.withdraw(image) is None  # a second try
    with pytest.raises(ConditionFailed):
        images.add(image)
    with pytest.raises(NotFound):
        images.get(image.id)
    assert images.list_visible(ImageFilter("ann"), Span(), limit=1).records == []


def test_image_that_was_added_cannot_be_withdrawn(images: ImageRepository) -> None:
    image = images.add(make_image())
    assert images.withdraw(image) == image
    assert images.get(image.id) == image


def test_owner_may_begin_a_revision_and_the_processor_makes_it_the_current_one(
    images: ImageRepository,
) -> None:
    image = images.add(make_ready())
    for latest in (2, 3):
        begun = images.apply(image.id, Event.RETRY)
        assert begun
        assert (begun.revision, begun.latest_revision) == (1, latest)
        assert images.apply(image.id, Event.RETRY) is None  # its run is under way
        assert images.apply(image.id, Event.FAIL)
    ready = finish(images, image.id, revision=3)
    assert (ready.revision, ready.latest_revision) == (3, 3)
