from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from operations.findings import Flaw, get_all, read_image
from shared.rows import dump
from tests.support.images import make_image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.rows import Key, Row
    from shared.table import Table


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, []), (1, [1]), (100, [100]), (101, [100, 1]), (201, [100, 100, 1])]
)
def test_any_number_of_rows_is_read_in_batches_that_dynamodb_takes(
    table: Table, monkeypatch: pytest.MonkeyPatch, count: int, sizes: list[int]
) -> None:
    read: list[int] = []

    def note_size(keys: Sequence[Key]) -> dict[Key, Row]:
        read.append(len(keys))
        return {key: {"pk": key[0]} for key in keys}

    monkeypatch.setattr(table, "get_many", note_size)
    keys = [(str(number), "IMAGE") for number in range(count)]
    assert get_all(table, keys) == {key: {"pk": key[0]} for key in keys}
    assert read == sizes


def test_row_of_an_image_is_read_and_a_broken_one_is_none() -> None:
    image = make_image()
    row = {"pk": "IMAGE#1", "sk": "IMAGE", **dump(image)}
    assert read_image(row) == image
    assert read_image(row | {"size": "large"}) is None


def test_flaws_have_different_names() -> None:
    assert len({*Flaw}) == len(list(Flaw.__members__)) == 14
