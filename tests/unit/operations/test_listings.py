from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from operations.findings import Flaw
from operations.listings import check_listings
from shared.table import Table
from shared.transactions import ConditionFailed
from tests.support.breakages import leave_entry, lose_end_of_entry, lose_entry, lose_entry_of_item

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operations.findings import Finding
    from shared.rows import Key, Row
    from tests.support.world import World

NOW = datetime.now(UTC)


def check(world: World, *, after: timedelta = timedelta()) -> list[Finding]:
    findings: list[Finding] = []
    for rows in world.images.table.scan():
        findings += check_listings(world.images, rows, NOW + after)
    for rows in world.items.table.scan():
        findings += check_listings(world.items, rows, NOW + after)
    return findings


def test_each_flaw_of_a_listing_has_its_name(world: World) -> None:
    expected = {
        (Flaw.MISSING_ENTRY, lose_entry(world)),
        (Flaw.MISSING_ENTRY, lose_entry_of_item(world)),
        (Flaw.WRONG_ENTRY, lose_end_of_entry(world)),
        (Flaw.STRAY_ENTRY, leave_entry(world)),
    }
    assert {(finding.flaw, finding.name) for finding in check(world)} == expected


def test_missing_entry_is_written_with_the_end_of_its_record(world: World) -> None:
    key = world.list_entries(world.rejected)[0]
    world.delete_row("images", *key)
    (finding,) = check(world)
    assert finding.repair
    finding.repair()
    row = world.images.table.get(key)
    assert row == {"pk": key[0], "sk": key[1], "expires_at": world.rejected.expires_at}


def test_every_missing_entry_of_a_record_is_found(world: World) -> None:
    keys = world.list_entries(world.image)
    for key in keys:
        world.delete_row("images", *key)
    names = sorted(finding.name for finding in check(world))
    assert names == sorted(f"{world.image.id} in {partition}" for partition, _ in keys)


def test_entry_of_another_record_is_not_touched(world: World) -> None:
    leave_entry(world)
    before = len(world.dynamodb.scan(TableName="images")["Items"])
    (finding,) = check(world)
    assert finding.repair
    finding.repair()
    assert len(world.dynamodb.scan(TableName="images")["Items"]) == before - 1
    assert check(world) == []


def test_stray_entry_whose_record_has_come_meanwhile_stays(world: World) -> None:
    record_id = leave_entry(world).partition(" ")[0]
    (finding,) = check(world)
    world.images.add(world.image.model_copy(update={"id": record_id}))
    assert finding.repair
    with pytest.raises(ConditionFailed):
        finding.repair()


def test_entries_of_a_record_that_changes_at_this_moment_are_not_judged(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_entry(world)
    get_together = world.images.table.get_together

    def change_before(keys: list[tuple[str, str]]) -> object:
        world.images.update(world.image.id, lambda old: old.model_copy(update={"tags": ("moon",)}))
        return get_together(keys)

    monkeypatch.setattr(world.images.table, "get_together", change_before)
    assert check(world) == []


def test_record_that_cannot_be_read_hides_no_flaw_of_others(world: World) -> None:
    world.put_row("images", "IMAGE#1", "IMAGE", size={"S": "large"})
    name = lose_entry(world)
    found = {(finding.flaw, finding.name) for finding in check(world)}
    assert found == {(Flaw.UNREADABLE, "IMAGE#1"), (Flaw.MISSING_ENTRY, name)}


@pytest.mark.parametrize(("seconds", "is_found"), [(-1, True), (0, False), (1, False)])
def test_entry_is_missed_until_its_record_has_ended(world: World, seconds: int, is_found: bool) -> None:
    assert world.rejected.expires_at
    world.delete_row("images", *world.list_entries(world.rejected)[0])
    end = datetime.fromtimestamp(world.rejected.expires_at + seconds, UTC)
    assert bool(check(world, after=end - NOW)) is is_found


def test_no_row_is_read_twice_in_a_transaction(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB refuses that."""
    read: list[list[Key]] = []
    get_together = Table.get_together

    def note(table: Table, keys: Sequence[Key]) -> dict[Key, Row]:
        read.append([*keys])
        return get_together(table, keys)

    monkeypatch.setattr("operations.listings.get_all", lambda *_: {})  # reads that lag behind
    monkeypatch.setattr(Table, "get_together", note)
    assert check(world) == []
    assert read
    assert all(len(keys) == len({*keys}) for keys in read)
