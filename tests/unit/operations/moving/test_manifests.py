from __future__ import annotations

import csv
import io
import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.console import Problem
from operations.moving.entries import Entry, InvalidEntry
from operations.moving.manifests import MAX_LINE_BYTES, read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

texts = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=30)
tags = st.text("abcdefgäöü 123", min_size=1, max_size=10).map(str.strip).filter(bool)
rows = st.lists(
    st.fixed_dictionaries(
        {"path": texts, "description": texts, "tags": st.lists(tags, max_size=4, unique=True)}
    ),
    max_size=10,
)


def read(text: str | bytes, kind: str) -> list[Entry | InvalidEntry]:
    data = text.encode() if isinstance(text, str) else text
    return [*read_manifest(io.BytesIO(data), kind)]


def list_fields(entries: list[Entry | InvalidEntry]) -> list[dict[str, Any]]:
    assert all(isinstance(entry, Entry) for entry in entries), entries
    return [
        {"path": entry.path, "description": entry.description, "tags": [*entry.tags]}
        for entry in entries
        if isinstance(entry, Entry)
    ]


@given(rows)
def test_csv_is_read_as_it_was_written(rows: list[dict[str, Any]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, ["path", "description", "tags"])
    writer.writeheader()
    writer.writerows(row | {"tags": json.dumps(row["tags"])} for row in rows)
    assert list_fields(read(text.getvalue(), "csv")) == rows


@given(rows)
def test_json_lines_are_read_as_they_were_written(rows: list[dict[str, Any]]) -> None:
    text = "\n\n".join(json.dumps(row) for row in rows)
    assert list_fields(read(text, "jsonl")) == rows


@given(st.binary(max_size=200), st.sampled_from(["jsonl", "txt"]))
def test_any_bytes_are_entries_or_invalid_lines(data: bytes, kind: str) -> None:
    assert len(read(data, kind)) <= data.count(b"\n") + 1


@given(st.binary(max_size=200))
def test_any_bytes_below_the_first_line_of_a_csv_are_entries_or_invalid(data: bytes) -> None:
    assert len(read(b"path,tags\n" + data, "csv")) <= len(data)


def test_csv_of_a_spreadsheet_is_read() -> None:
    data = '\ufeffpath,owner,tags,createdAt\r\na.jpg,ann,"sea, sun",2024-05-01\r\nb.jpg,ben,,\r\n'
    first, second = read(data, "csv")
    assert isinstance(first, Entry)
    assert isinstance(second, Entry)
    assert (first.path, first.user_id, first.tags) == ("a.jpg", "ann", ("sea", "sun"))
    assert (second.tags, second.created_at) == ((), None)


def test_unknown_column_stops_at_once() -> None:
    with pytest.raises(Problem, match=r"unknown columns: tag$"):
        read("path,tag\na.jpg,sea\n", "csv")


def test_bad_lines_do_not_stop_the_rest() -> None:
    lines = [
        '{"path": "a.jpg"}',
        "{",
        "[1]",
        "x" * MAX_LINE_BYTES,
        '{"path": "b.jpg", "tag": "x"}',
        '{"url": "u"}',
    ]
    found = read("\n".join([*lines, "y" * MAX_LINE_BYTES * 3]), "jsonl")
    assert [isinstance(entry, Entry) for entry in found] == [True, False, False, False, False, True, False]
    places = [entry.place for entry in found if isinstance(entry, InvalidEntry)]
    assert places == ["line 2", "line 3", "line 4", "line 5, b.jpg", "line 7"]


def test_row_with_too_many_cells_is_invalid() -> None:
    [bad, good] = read("path,tags\na.jpg,sea,sun\nb.jpg,sea\n", "csv")
    assert isinstance(bad, InvalidEntry)
    assert isinstance(good, Entry)


def test_list_of_urls_has_comments_and_blank_lines() -> None:
    found = read("# ours\n\nhttps://a.example/1.jpg\r\n  https://a.example/2.jpg\n", "txt")
    assert [entry.url for entry in found if isinstance(entry, Entry)] == [
        "https://a.example/1.jpg",
        "https://a.example/2.jpg",
    ]


def test_other_kinds_are_a_problem() -> None:
    with pytest.raises(Problem, match=r"ends with \.csv, \.jsonl"):
        read("", "xlsx")


class Endless(io.RawIOBase):
    """A manifest of many lines that is in no memory."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - of the protocol
        self._left = self._left or next(self._lines, b"")
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


@pytest.mark.parametrize(
    ("kind", "head", "line"),
    [
        ("csv", b"path,description\n", b'%d.jpg,"' + b"x" * 400 + b'"\n'),
        ("jsonl", b"", b'{"path": "%d.jpg", "description": "' + b"x" * 400 + b'"}\n'),
        ("cloudinary", b"", b'{"resources": [{"public_id": "%d"}]}\n'),
        ("supabase", b"", b'[{"name": "%d", "id": "x"}]\n'),
    ],
)
def test_memory_does_not_grow_with_a_manifest(kind: str, head: bytes, line: bytes) -> None:
    def make_lines() -> Iterator[bytes]:
        yield head or b" "
        yield from (line % number for number in range(20_000))

    tracemalloc.start()
    count = sum(1 for _ in read_manifest(io.BufferedReader(Endless(make_lines())), kind))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 2_000_000
