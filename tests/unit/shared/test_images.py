from __future__ import annotations

import math
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from shared.errors import Conflict, Forbidden, NotFound
from shared.images import USAGE_KIND, ImageFilter, ImageRepository, parse_record_key
from shared.lifecycle import Event, Status
from shared.listing import Span
from shared.models import Facts, Visibility
from shared.table import PATIENCE_SECONDS, Table, Transaction, dump
from tests.conftest import PUBLIC_SHARDS
from tests.support.images import finish, make_image, make_ready, reject

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.models import Image

READ_UNIT_BYTES = 4096
ENTRY_BYTES = 100  # the longest here: "PUBLIC#0#TAG#sea", a sort key of 64, and the names of both


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


def test_page_is_full_though_hundreds_of_entries_before_have_ended(
    dynamodb: DynamoDBClient, images: ImageRepository
) -> None:
    kept = images.add(make_ready())
    rows: Any = [
        {"pk": {"S": "USER#ann#UNPUBLISHED"}, "sk": {"S": f"2027#{number}"}, "expires_at": {"N": "1"}}
        for number in range(300)
    ]
    for start in range(0, 300, 25):
        batch: Any = [{"PutRequest": {"Item": row}} for row in rows[start : start + 25]]
        dynamodb.batch_write_item(RequestItems={"images": batch})
    page = images.list_visible(ImageFilter("ann"), Span(), limit=1)
    assert ([found.id for found in page.records], page.next_key) == ([kept.id], None)


def test_run_whose_lease_has_ended_has_failed_for_readers(images: ImageRepository) -> None:
    image = images.add(make_image(leased_until=1))
    for seen in (images.get(image.id), *images.list_visible(ImageFilter("ann"), Span(), limit=9).records):
        assert (seen.status, seen.version) == (Status.FAILED, 1)
        assert "did not end in time" in (seen.status_reason or "")
    assert finish(images, image.id).status is Status.READY


@pytest.mark.parametrize(
    "user_id", ["ann#PUBLIC", "ann#PUBLIC#TAG#x", "ann%23PUBLIC", "%", "auth0|a", "a@b.c"]
)
def test_name_of_a_user_never_reaches_into_the_listing_of_another(
    images: ImageRepository, user_id: str
) -> None:
    images.add(make_image(user_id="ann", visibility=Visibility.PRIVATE, tags=("x",)))
    images.add(make_ready(user_id="ann", tags=("x",)))
    mine = make_image(user_id=user_id, visibility=Visibility.PRIVATE)
    images.add(mine)
    shown = ImageFilter(user_id, user_id=user_id)
    assert images.list_visible(shown, Span(), limit=10).records == [mine]


def test_image_hidden_between_entry_and_record_stays_hidden(
    dynamodb: DynamoDBClient, images: ImageRepository
) -> None:
    image = make_ready(shard=0)
    images.add(image)
    images.update(image.id, lambda old: old.model_copy(update={"visibility": Visibility.PRIVATE}))
    stale = {"pk": {"S": "PUBLIC#0"}, "sk": {"S": dump(image)["created_at"] + "#" + image.id}}
    dynamodb.put_item(TableName="images", Item=stale)
    assert images.list_visible(ImageFilter("ben"), Span(), limit=10).records == []


def test_key_of_an_entry_is_no_record() -> None:
    assert parse_record_key(("IMAGE#1", "IMAGE")) == "1"
    assert parse_record_key(("USER#IMAGE#PUBLIC", "2026#1")) is None


class Meter:
    """Counts calls, and the read units of DynamoDB's price list: moto and the emulator count too few."""

    def __init__(self, dynamodb: DynamoDBClient) -> None:
        self.calls: Counter[str] = Counter()
        self.read_units = 0.0
        self._lock = threading.Lock()  # partitions are read side by side
        dynamodb.meta.events.register("after-call.dynamodb", self._count)

    def _count(self, model: Any, parsed: dict[str, Any], **_: object) -> None:  # noqa: ANN401 - botocore's
        if model.name == "Query":
            # Half a unit for every 4 KB read, rounded up over the whole query.
            read_bytes = parsed["ScannedCount"] * ENTRY_BYTES
            units = max(1, math.ceil(read_bytes / READ_UNIT_BYTES)) / 2
        else:
            # Half a unit for every 4 KB of every row.
            rows = parsed["Responses"]["images"]
            units = sum(math.ceil(len(str(row)) / READ_UNIT_BYTES) for row in rows) / 2
        with self._lock:
            self.calls[model.name] += 1
            self.read_units += units


class Collector(Table):
    """Keeps the rows that a repository would write, to write many at a time."""

    def __init__(self) -> None:
        self.rows: list[Any] = []

    def transact(self, transaction: Transaction) -> None:
        self.rows += [write["Put"]["Item"] for write in transaction.make_writes("images") if "Put" in write]


def fill(dynamodb: DynamoDBClient, count: int) -> None:
    collector = Collector()
    repository = ImageRepository(collector)
    for number in range(count):
        tags = ("sea", "sun") if number % 4 == 0 else ()
        repository.add(make_ready(user_id=f"user{number % 2}", tags=tags, shard=number % PUBLIC_SHARDS))
    for start in range(0, len(collector.rows), 25):
        batch: Any = [{"PutRequest": {"Item": row}} for row in collector.rows[start : start + 25]]
        dynamodb.batch_write_item(RequestItems={"images": batch})


SHOWN = {
    "public and own": ImageFilter("user0"),
    "of a user": ImageFilter(None, user_id="user1"),
    "all tags": ImageFilter(None, tags=("sea", "sun")),
    "any tag": ImageFilter(None, tags=("sea", "sun"), match="any"),
}


def measure(dynamodb: DynamoDBClient, images: ImageRepository) -> dict[str, tuple[int, float]]:
    costs = {}
    for name, shown in SHOWN.items():
        meter = Meter(dynamodb)
        page = images.list_visible(shown, Span(), limit=5)
        dynamodb.meta.events.unregister("after-call.dynamodb", meter._count)  # noqa: SLF001 - ours
        assert len(page.records) == 5
        costs[name] = meter.calls.total(), meter.read_units
    return costs


def test_page_costs_the_same_in_a_table_of_50_images_and_in_one_of_1000(
    dynamodb: DynamoDBClient, images: ImageRepository
) -> None:
    fill(dynamodb, 50)
    small = measure(dynamodb, images)
    fill(dynamodb, 950)
    assert measure(dynamodb, images) == small
    # A call for each partition and one for the records; half a unit for each partition and each record.
    assert small == {
        "public and own": (PUBLIC_SHARDS + 3, (PUBLIC_SHARDS + 7) / 2),
        "of a user": (2, 3.0),
        "all tags": (2 * PUBLIC_SHARDS + 1, (2 * PUBLIC_SHARDS + 5) / 2),
        "any tag": (2 * PUBLIC_SHARDS + 1, (2 * PUBLIC_SHARDS + 5) / 2),
    }


@pytest.mark.parametrize("limit", [1, 3, 10])
def test_every_image_comes_exactly_once_while_others_are_added_and_deleted(
    images: ImageRepository, limit: int
) -> None:
    stable = [make_ready(tags=("sea",), shard=number % PUBLIC_SHARDS) for number in range(12)]
    passing = [make_ready(tags=("sea",), shard=number % PUBLIC_SHARDS) for number in range(12)]
    for image in [*stable, *passing]:
        images.add(image)
    seen: list[str] = []
    span: Span | None = Span()
    while span:
        page = images.list_visible(ImageFilter(None, tags=("sea",)), span, limit=limit)
        seen += [image.id for image in page.records]
        span = span.starting_at(page.next_key) if page.next_key else None
        if passing:
            images.delete(passing.pop().id)
            images.add(make_ready(tags=("sea",)))
    wanted = {image.id for image in stable}
    assert [image_id for image_id in seen if image_id in wanted] == [image.id for image in stable[::-1]]
    assert len(seen) == len(set(seen))


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
