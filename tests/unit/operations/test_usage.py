from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from operations.usage import check_usage
from shared.images import get_image_usage
from shared.quotas import Usage
from shared.transactions import ConditionFailed
from tests.support.breakages import forget_counter, leave_counter, miscount
from tests.support.handlers import listen
from tests.support.images import make_image, new_id
from tests.support.world import LATER, PICTURE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.world import World


def test_counter_that_moves_while_it_is_checked_is_not_judged(world: World) -> None:
    miscount(world)
    scans = 0

    def add_meanwhile(**_: object) -> None:
        nonlocal scans
        scans += 1
        if scans == 3:  # two tables
            world.add_ready()

    listen(world.dynamodb, "after-call.dynamodb.Scan", add_meanwhile)
    assert list(check_usage(world.records)) == []
    assert scans == 4


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_all_users_are_checked_whatever_number_is_held_at_once(world: World, size: int) -> None:
    for number in range(7):
        image = world.images.add(make_image(user_id=f"user{number}"))
        world.usages.reserve(image.id, image.user_id, get_image_usage(image))
    assert list(check_usage(world.records, max_users=size)) == []
    for user in ("user0", "user3", "user6"):
        world.delete_row("images", f"USER#{user}", "USAGE")
    wrong = sorted(finding.name for finding in check_usage(world.records, max_users=size))
    assert wrong == ["USER#user0", "USER#user3", "USER#user6"]


@pytest.mark.parametrize(
    ("break_something", "user", "expected"),
    [
        (miscount, "ann", Usage(images=1, bytes=len(PICTURE))),
        (forget_counter, "bob", Usage(images=1, bytes=len(PICTURE))),
        (leave_counter, "cid", Usage()),
    ],
)
def test_wrong_counter_is_set_to_the_sum_of_the_images_that_count(
    world: World, break_something: Callable[[World], str], user: str, expected: Usage
) -> None:
    break_something(world)
    (finding,) = check_usage(world.records)
    assert finding.name == f"USER#{user}"
    assert finding.repair
    finding.repair()
    assert world.count(user) == (expected.images, expected.bytes)
    assert list(check_usage(world.records)) == []


def test_corrected_counter_has_a_new_version(world: World) -> None:
    """So a correction that was found before changes nothing any more."""
    miscount(world)
    (first,), (second,) = check_usage(world.records), check_usage(world.records)
    assert first.repair
    assert second.repair
    first.repair()
    with pytest.raises(ConditionFailed):
        second.repair()
    row = world.images.table.get(("USER#ann", "USAGE"))
    assert row
    assert row["version"] == 4


def test_counter_that_was_made_meanwhile_is_not_overwritten(world: World) -> None:
    forget_counter(world)
    (finding,) = check_usage(world.records)
    world.usages.reserve(new_id(), "bob", Usage(images=1, bytes=1))
    assert finding.repair
    with pytest.raises(ConditionFailed):
        finding.repair()


@pytest.mark.parametrize(("seconds", "is_judged"), [(0, False), (170, False), (190, True)])
def test_room_that_was_reserved_a_moment_ago_may_get_its_record(
    world: World, seconds: int, is_judged: bool
) -> None:
    """DynamoDB tells the time, and not the clock of the operator."""
    world.usages.reserve(new_id(), "ann", Usage(images=1, bytes=1))
    world.pass_time(seconds - LATER.total_seconds())
    assert bool([*check_usage(world.records)]) is is_judged


@pytest.mark.parametrize("follows_first", [True, False])
def test_removal_that_is_followed_after_the_correction_gives_nothing_back_again(
    world: World, follows_first: bool
) -> None:
    """The correction has left out the removed image."""
    gone = world.add_ready()
    world.images.delete(gone.id)
    world.pass_time(10)
    if follows_first:
        world.follow()
        assert [*check_usage(world.records)] == []
    else:
        (finding,) = check_usage(world.records)
        assert finding.repair
        finding.repair()
        world.follow()
    assert world.count("ann") == (1, len(PICTURE))


@pytest.mark.parametrize("scan", [1, 2])
def test_removal_during_the_check_is_given_back_once(world: World, scan: int) -> None:
    """Whenever it happens, the images that are left are counted in the end."""
    gone = world.add_ready()
    miscount(world)
    scans = 0

    def remove_meanwhile(**_: object) -> None:
        nonlocal scans
        scans += 1
        if scans == scan:
            world.images.delete(gone.id)

    listen(world.dynamodb, "after-call.dynamodb.Scan", remove_meanwhile)
    for finding in check_usage(world.records):
        assert finding.repair
        finding.repair()
    world.follow()
    world.pass_time(10)
    for finding in check_usage(world.records):
        assert finding.repair
        finding.repair()
    assert world.count("ann") == (1, len(PICTURE))
