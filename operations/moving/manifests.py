"""Manifests: a CSV, JSON lines, or a list of URLs, read line by line."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from local.console import Problem
from operations.moving.entries import COLUMNS, Entry, InvalidEntry, read_entry
from operations.moving.listings import FORMATS, read_documents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    type Entries = Iterator[Entry | InvalidEntry]

MAX_LINE_BYTES = 200_000
"""More than every field together may take."""


def read_manifest(file: BinaryIO, kind: str) -> Entries:
    """Yield the entries of a manifest, one after the other. Raises Problem if it is of no known kind."""
    if kind in FORMATS:
        return FORMATS[kind](read_documents(file))
    readers: dict[str, Callable[[BinaryIO], Entries]] = {
        "csv": _read_csv,
        "jsonl": _read_json_lines,
        "ndjson": _read_json_lines,
        "txt": _read_urls,
    }
    if kind not in readers:
        raise Problem(
            f"a manifest ends with .{', .'.join(readers)}; name the format of others: {', '.join(FORMATS)}"
        )
    return readers[kind](file)


def _read_csv(file: BinaryIO) -> Entries:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
    rows = csv.DictReader(text, strict=True)
    try:
        columns = rows.fieldnames or []
    except csv.Error as error:
        raise Problem(f"the manifest is not a CSV: {error}") from error
    if unknown := [name for name in columns if name not in COLUMNS]:
        raise Problem(f"the manifest has unknown columns: {', '.join(unknown)}")
    while True:
        try:
            row: dict[Any, Any] = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield InvalidEntry(_name_line(rows.line_num), f"is not CSV: {error}")
            continue
        place = _name_line(rows.line_num)
        if None in row:
            yield InvalidEntry(place, "has more cells than the first line; put quotes around commas")
        else:
            yield _place(place, {name: cell for name, cell in row.items() if cell})


def _read_json_lines(file: BinaryIO) -> Entries:
    for number, line in _read_lines(file):
        place = _name_line(number)
        if line is None:
            yield InvalidEntry(place, f"has more than {MAX_LINE_BYTES} bytes")
            continue
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError):
            fields = None
        if isinstance(fields, dict):
            yield _place(place, {name: value for name, value in fields.items() if value is not None})
        else:
            yield InvalidEntry(place, "is not a JSON object")


def _read_urls(file: BinaryIO) -> Entries:
    for number, line in _read_lines(file):
        url = "" if line is None else line.decode(errors="replace").strip()
        if line is None or (url and not url.startswith("#")):
            yield _place(_name_line(number), {"url": url})


def _read_lines(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Yield every line that is not blank with its number: None for one that is too long."""
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            while line and not line.endswith(b"\n"):
                line = file.readline(MAX_LINE_BYTES)
            yield number, None
        elif line.strip():
            yield number, line


def _name_line(number: int) -> str:
    return f"line {number}"


def _place(place: str, fields: dict[str, Any]) -> Entry | InvalidEntry:
    entry = read_entry(place, fields)
    if isinstance(entry, InvalidEntry) and isinstance(fields.get("path"), str):
        return InvalidEntry(f"{place}, {fields['path'][:200]}", entry.reason)
    return entry
