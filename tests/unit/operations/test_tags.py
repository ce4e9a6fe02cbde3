from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from operations.findings import Flaw
from operations.tags import TagCheck
from shared.tag_counts import TagChange, make_count_key, make_tagging_key
from shared.transactions import ConditionFailed
from tests.support.breakages_tags import SEA, SEA_NAME, keep_image_from_before, miscount_tag
from tests.support.handlers import listen
from tests.support.images import make_image, new_id

if TYPE_CHECKING:
    from tests.support.world import World


def read_counts(world: World, user_id: str) -> dict[str, int]:
    return {tag.name: tag.count for tag in world.tags.list(user_id, limit=100).counts}


def find(world: World, check: TagCheck) -> list[tuple[Flaw, str]]:
    found = [finding for rows in world.images.table.scan() for finding in check.check_images(rows)]
    found += [*check.check_suspects(), *check.check_counters()]
    return [(finding.flaw, finding.name) for finding in found]


def test_image_that_was_changed_a_moment_ago_is_looked_at_later(world: World) -> None:
    world.images.update(world.image.id, lambda old: old.model_copy(update={"tags": ("land",)}))
    waits: list[float] = []

    def follow(seconds: float) -> None:
        waits.append(seconds)
        world.follow()

    assert find(world, TagCheck(world.tags, sleep=follow)) == []
    assert waits == [10]


def test_nothing_waits_if_all_agrees(world: World) -> None:
    waits: list[float] = []
    assert find(world, TagCheck(world.tags, sleep=waits.append)) == []
    assert waits == []


def test_repair_counts_the_images_of_an_earlier_version(world: World) -> None:
    image_id = keep_image_from_before(world)
    (finding,) = [each for each in world.make_check().find() if each.flaw is Flaw.WRONG_TAGS]
    assert finding.name == image_id
    assert finding.repair
    finding.repair()
    assert read_counts(world, "eve") == {"moon": 1, "Sea": 1}
    with pytest.raises(ConditionFailed):
        finding.repair()


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_all_counters_are_checked_whatever_number_is_held_at_once(world: World, size: int) -> None:
    ids = [new_id() for _ in range(7)]
    world.tags.count(TagChange(each, f"user{n}", 1, {"sea": "sea"}) for n, each in enumerate(ids))
    check = TagCheck(world.tags, max_tags=size)
    assert list(check.check_counters()) == []
    for user in ("user0", "user3", "user6"):
        world.delete_row("images", *make_count_key(user, "sea"))
    wrong = sorted(finding.name for finding in check.check_counters())
    assert wrong == [f"TAG#sea of TAGS#USER#{user}" for user in ("user0", "user3", "user6")]


def test_suspects_are_looked_at_in_between_if_there_are_many(world: World) -> None:
    for _ in range(5):
        world.images.add(make_image(tags=("sea",)))
    world.forget_changes()
    check = TagCheck(world.tags, max_suspects=2, sleep=lambda _: None)
    flaws = [flaw for flaw, _ in find(world, check)]
    assert flaws == [Flaw.WRONG_TAGS] * 5


def test_counter_that_moves_while_it_is_checked_is_not_judged(world: World) -> None:
    miscount_tag(world)
    scans = 0

    def count_meanwhile(**_: object) -> None:
        nonlocal scans
        scans += 1
        if scans == 2:
            world.tags.count([TagChange(new_id(), "ann", 1, {"sea": "sea"})])

    listen(world.dynamodb, "after-call.dynamodb.Scan", count_meanwhile)
    assert list(world.tag_check.check_counters()) == []
    (finding,) = world.tag_check.check_counters()
    assert (finding.flaw, finding.name) == (Flaw.WRONG_TAG_COUNT, SEA_NAME)


def test_correction_keeps_the_name_of_the_tag(world: World) -> None:
    world.images.update(world.image.id, lambda old: old.model_copy(update={"tags": ("SEA",)}))
    world.follow()
    world.delete_row("images", *SEA)
    (finding,) = world.tag_check.check_counters()
    assert finding.repair
    finding.repair()
    assert read_counts(world, "ann") == {"SEA": 1}


def test_row_that_cannot_be_read_is_reported(world: World) -> None:
    key = make_tagging_key(world.image.id)
    world.put_row("images", *key, version={"S": "x"})
    assert (Flaw.UNREADABLE, f"TAGS of {world.image.id}") in world.find()
