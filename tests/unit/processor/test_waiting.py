from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from processor.waiting import ROW_PATIENCE, ROW_PAUSES_SECONDS, NotRecorded, await_row, get_age
from shared.errors import NotFound
from tests.support.images import make_image

if TYPE_CHECKING:
    from shared.models import Image

TOO_LATE = ROW_PATIENCE + timedelta(seconds=1)


class Row:
    """A row that comes after some tries to read it."""

    def __init__(self, tries: int | None) -> None:
        self.image = make_image()
        self.left = tries
        self.pauses: list[float] = []

    def get(self) -> Image:
        if self.left is None or self.left > 0:
            self.left = None if self.left is None else self.left - 1
            raise NotFound
        return self.image


@pytest.mark.parametrize("tries", [0, 1, 4])
def test_row_is_awaited_for_a_moment(tries: int) -> None:
    row = Row(tries)
    assert await_row(row.get, lambda: True, timedelta(), row.pauses.append) == row.image
    assert row.pauses == [*ROW_PAUSES_SECONDS[:tries]]


def test_row_that_may_still_come_is_left_to_the_next_try() -> None:
    row = Row(None)
    with pytest.raises(NotRecorded):
        await_row(row.get, lambda: True, ROW_PATIENCE, row.pauses.append)
    assert row.pauses == [*ROW_PAUSES_SECONDS, 0]


@pytest.mark.parametrize(
    ("age", "has_object"), [(ROW_PATIENCE + timedelta(seconds=1), True), (timedelta(), False)]
)
def test_nobody_waits_for_a_row_that_cannot_come(age: timedelta, has_object: bool) -> None:
    row = Row(None)
    assert await_row(row.get, lambda: has_object, age, row.pauses.append) is None
    assert row.pauses == []


def test_age_is_never_negative() -> None:
    assert get_age(datetime.now(UTC) + timedelta(minutes=1)) == timedelta()
    assert get_age(datetime.now(UTC) - timedelta(minutes=1)) >= timedelta(minutes=1)
