from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from shared.counters import MARKER_LIFETIME
from shared.lifecycle import Status
from shared.tag_counts import (
    TAGGING_KIND,
    TagChange,
    TagCount,
    TagRepository,
    list_counted_tags,
    make_count_key,
    make_tagging_key,
)
from shared.tags import fold_tag
from shared.transactions import ConditionFailed
from shared.trash import Trash
from tests.support.faults import lose_response
from tests.support.handlers import listen
from tests.support.images import FAR_FUTURE, START, make_image, make_pending, make_ready, new_id

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.support.dynamodb.engine import Engine

IDS = [new_id() for _ in range(3)]


def make_tag_change(image_id: str, version: int, *tags: str, user_id: str = "ann") -> TagChange:
    return TagChange(image_id, user_id, version, {fold_tag(tag): tag for tag in tags})


def make_removal(image_id: str, version: int, user_id: str = "ann") -> TagChange:
    return TagChange(image_id, user_id, version, {}, is_gone=True, had_tags=True)


def read_counts(tags: TagRepository, user_id: str = "ann", prefix: str = "") -> dict[str, int]:
    return {tag.name: tag.count for tag in tags.list(user_id, prefix, limit=100).counts}


def list_kinds(engine: Engine) -> list[str]:
    return sorted(row["sk"]["S"] for row in engine.list_items("images"))


class TestWhatCounts:
    @pytest.mark.parametrize(
        ("image", "counts"),
        [
            (make_image(), True),
            (make_ready(), True),
            (make_image(status=Status.FAILED), True),
            (make_pending(), False),
            (make_pending(status=Status.FAILED), False),
            (make_image(status=Status.REJECTED, expires_at=FAR_FUTURE), False),
            (make_ready(trash=Trash(at=START, ends_at=FAR_FUTURE)), False),
        ],
    )
    def test_tags_count_of_images_that_are_listed_and_stay(self, image: Any, counts: bool) -> None:  # noqa: ANN401 - an image
        tagged = image.model_copy(update={"tags": ("Sea", "Straße")})
        expected = {"sea": "Sea", "strasse": "Straße"} if counts else {}
        assert list_counted_tags(tagged) == TagChange.of(tagged).tags == expected

    def test_nothing_counts_of_an_image_that_is_gone(self) -> None:
        assert list_counted_tags(None) == {}
        assert TagChange.of_removal(make_ready(tags=("sea",), version=3)).version == 4


class TestCount:
    def test_counters_follow_the_images_of_their_user(self, tags: TagRepository) -> None:
        tags.count([make_tag_change(IDS[0], 1, "Sea", "sun"), make_tag_change(IDS[1], 1, "sea")])
        tags.count([make_tag_change(IDS[2], 1, "sea", user_id="ben")])
        assert read_counts(tags) == {"sea": 2, "sun": 1}
        assert read_counts(tags, "ben") == {"sea": 1}
        tags.count([make_tag_change(IDS[0], 2, "SEA"), make_removal(IDS[2], 2, "ben")])
        assert (read_counts(tags), read_counts(tags, "ben")) == ({"SEA": 2}, {})

    def test_tag_is_shown_as_it_was_counted_last(self, tags: TagRepository) -> None:
        tags.count([make_tag_change(IDS[0], 1, "Sea")])
        tags.count([make_tag_change(IDS[1], 1, "SEA")])
        assert read_counts(tags) == {"SEA": 2}

    def test_tag_that_gets_another_spelling_is_shown_in_it(self, tags: TagRepository) -> None:
        tags.count([make_tag_change(IDS[0], 1, "sea", "sun")])
        tags.count([make_tag_change(IDS[0], 2, "Sea", "sun")])
        assert read_counts(tags) == {"Sea": 1, "sun": 1}
        tags.count([make_tag_change(IDS[0], 3, "SEA"), make_tag_change(IDS[1], 1, "Sun")])
        assert read_counts(tags) == {"SEA": 1, "Sun": 1}

    def test_spelling_of_a_counter_that_is_missing_counts_nothing(self, tags: TagRepository) -> None:
        tags.count([make_tag_change(IDS[0], 1, "sea")])
        tags.erase("ann")
        tags.count([make_tag_change(IDS[0], 2, "Sea")])
        assert read_counts(tags) == {}

    def test_no_counter_and_no_name_is_left_of_what_is_gone(
        self, tags: TagRepository, engine: Engine
    ) -> None:
        tags.count([make_tag_change(IDS[0], 1, "sea", "sun")])
        tags.count([make_removal(IDS[0], 2)])
        (row,) = engine.list_items("images")
        assert row["sk"]["S"] == TAGGING_KIND
        assert "ann" not in str(row)
        end = int(row["expires_at"]["N"]) - time.time()
        assert end == pytest.approx(MARKER_LIFETIME.total_seconds(), abs=60)

    def test_image_that_never_had_tags_leaves_no_row(self, tags: TagRepository, engine: Engine) -> None:
        tags.count([replace(make_removal(IDS[0], 2), had_tags=False)])
        assert engine.list_items("images") == []

    @pytest.mark.parametrize("seed", range(40))
    def test_changes_that_come_twice_late_and_in_any_order_count_once(
        self, tags: TagRepository, seed: int
    ) -> None:
        choose = random.Random(seed)  # noqa: S311 - no secret
        names = ["Sea", "sea", "sun", "Moon", "ß", "SS"]
        history: list[TagChange] = []
        expected: dict[str, int] = {}
        for image_id in IDS:
            for version in range(1, 5):
                some = choose.sample(names, choose.randint(0, 3))
                history.append(make_tag_change(image_id, version, *some))
            if choose.random() < 0.5:
                history.append(make_removal(image_id, 5))
            for tag in history[-1].tags:
                expected[tag] = expected.get(tag, 0) + 1
        sent = history * 2
        choose.shuffle(sent)
        while sent:
            size = choose.randint(1, 4)
            tags.count(sent[:size])
            sent = sent[size:]
        assert {fold_tag(name): count for name, count in read_counts(tags).items()} == expected

    def test_parallel_counts_of_one_tag_lose_nothing(self, tags: TagRepository, engine: Engine) -> None:
        engine.transaction_seconds = 0.002
        ids = [new_id() for _ in range(24)]
        with ThreadPoolExecutor(8) as executor:
            for kind in ("add", "remove"):
                changes = [
                    make_tag_change(image_id, 1, "sea", f"own {number}")
                    if kind == "add"
                    else make_removal(image_id, 2)
                    for number, image_id in enumerate(ids)
                ]
                assert [*executor.map(lambda change: tags.count([change]), changes)] == [None] * len(ids)
                assert read_counts(tags, prefix="sea") == ({"sea": 24} if kind == "add" else {})
        assert list_kinds(engine) == [TAGGING_KIND] * 24

    def test_counter_that_another_run_has_lowered_meanwhile_is_read_again(
        self, tags: TagRepository, dynamodb: DynamoDBClient
    ) -> None:
        """Both runs read two, and the second one has to delete the counter."""
        tags.count([make_tag_change(image_id, 1, "sea") for image_id in IDS[:2]])
        is_first = threading.Event()

        def lower_first(**_: object) -> None:
            if not is_first.is_set():
                is_first.set()
                tags.count([make_removal(IDS[1], 2)])

        listen(dynamodb, "before-call.dynamodb.TransactWriteItems", lower_first)
        tags.count([make_removal(IDS[0], 2)])
        assert read_counts(tags) == {}

    def test_lost_response_counts_once(self, tags: TagRepository, dynamodb: DynamoDBClient) -> None:
        lose_response(dynamodb, "TransactWriteItems")
        tags.count([make_tag_change(IDS[0], 1, "sea")])
        assert read_counts(tags) == {"sea": 1}

    def test_many_changes_are_few_transactions_that_dynamodb_takes(
        self, tags: TagRepository, engine: Engine
    ) -> None:
        ids = [new_id() for _ in range(150)]
        tags.count([make_tag_change(image_id, 1, "sea", "sun") for image_id in ids])
        assert engine.calls.count("TransactWriteItems") == 3
        assert read_counts(tags) == {"sea": 150, "sun": 150}

    def test_images_with_all_tags_that_they_may_have_fit(self, tags: TagRepository) -> None:
        for version, start in ((1, 0), (2, 1000)):
            tags.count(
                make_tag_change(image_id, version, *(f"{start + 20 * number + part}" for part in range(20)))
                for number, image_id in enumerate(IDS)
            )
        assert len(read_counts(tags)) == 60


class TestList:
    def test_pages_follow_each_other_by_name(self, tags: TagRepository) -> None:
        names = ["Äpfel", "beach", "Birds", "bird", "zoo", "1"]
        tags.count([make_tag_change(IDS[0], 1, *names)])
        seen: list[str] = []
        start: str | None = None
        while True:
            page = tags.list("ann", start=start, limit=2)
            seen += [tag.name for tag in page.counts]
            start = page.next_key
            if start is None:
                break
        assert seen == ["1", "beach", "bird", "Birds", "zoo", "Äpfel"]

    @pytest.mark.parametrize(
        ("prefix", "expected"),
        [("b", ["beach", "Bird"]), ("BI", ["Bird"]), ("STRASS", ["Straße"]), ("x", []), ("TAG#", [])],
    )
    def test_prefix_has_no_case(self, tags: TagRepository, prefix: str, expected: list[str]) -> None:
        tags.count([make_tag_change(IDS[0], 1, "beach", "Bird", "Straße", "ski")])
        assert [*read_counts(tags, prefix=prefix)] == expected

    def test_tags_of_others_are_apart_whatever_their_names(self, tags: TagRepository) -> None:
        tags.count([make_tag_change(IDS[0], 1, "sea", user_id="ann#TAG")])
        assert read_counts(tags) == read_counts(tags, "ann#") == {}
        assert read_counts(tags, "ann#TAG") == {"sea": 1}


class TestRepair:
    def test_erase_deletes_all_counters_of_one_user(self, tags: TagRepository) -> None:
        for user_id in ("ann", "ben"):
            ids = [new_id() for _ in range(8)]
            tags.count(
                make_tag_change(image_id, 1, *(f"{number} {part}" for part in range(20)), user_id=user_id)
                for number, image_id in enumerate(ids)
            )
        tags.erase("ann")
        assert (read_counts(tags), len(tags.list("ben", limit=200).counts)) == ({}, 160)

    def test_counter_is_corrected_only_as_it_was_found(self, tags: TagRepository) -> None:
        tags.count([make_tag_change(IDS[0], 1, "sea")])
        key = make_count_key("ann", "sea")
        row = tags.table.get(key)
        found = TagCount.model_validate(row)
        tags.count([make_tag_change(IDS[1], 1, "sea")])
        for count in (0, 5):
            with pytest.raises(ConditionFailed):
                tags.correct(key, found, count, "sea")
        assert read_counts(tags) == {"sea": 2}

    def test_recount_mends_a_row_that_is_ahead_of_its_image(self, tags: TagRepository) -> None:
        """The table was restored, and the row was not."""
        tags.count([make_tag_change(IDS[0], 9, "sun")])
        found = tags.get(IDS[0])
        tags.recount(make_tag_change(IDS[0], 2, "sea"), found)
        assert read_counts(tags) == {"sea": 1}
        with pytest.raises(ConditionFailed):
            tags.recount(make_tag_change(IDS[0], 2, "moon"), found)
        assert tags.table.get(make_tagging_key(IDS[0]))
