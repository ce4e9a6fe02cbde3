"""Reads the corpora: folders of image files, and of request bodies with forms.

The folder of the corpora holds the folders `images` and `multipart`. `images/generated` has an
`expected.csv` with the columns `file` and `expect`. The other folders in `images` hold valid images.
`multipart` has the bodies in `cases`, and an `index.jsonl` with the keys `file`, `content_type` and
`expect`.
"""

from __future__ import annotations

import csv
import json
import mimetypes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

VALID_FOLDERS = ("pillow", "libavif", "exif-orientation")
MISREAD_CASE = "python-multipart/single_field_blocks.body"
"""Its corpus lists the parts of a form, but its boundary lines lack the two leading dashes: an error."""


@dataclass(frozen=True)
class Sample:
    """A file of a corpus: an image, or the body of a request with a form. Either has the `content_type`."""

    name: str
    group: str
    content_type: str
    data: bytes
    expect: str


def require_corpora(folder: Path) -> None:
    if not (folder / "images").is_dir() or not (folder / "multipart").is_dir():
        raise SystemExit(
            f"{folder} holds no corpora. Name a folder with the folders `images` and `multipart`."
        )


def read_images(folder: Path) -> Iterator[Sample]:
    with (folder / "generated" / "expected.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            yield read_image(folder, folder / "generated" / row["file"], row["expect"])
    for name in VALID_FOLDERS:
        for path in sorted((folder / name).rglob("*.*")):
            if path.is_file():
                yield read_image(folder, path, "ok")


def read_image(folder: Path, path: Path, expect: str) -> Sample:
    name = path.relative_to(folder)
    group = "/".join(name.parts[:2]) if name.parts[0] == "generated" else name.parts[0]
    guessed = mimetypes.guess_type(path.name)[0] or ""
    content_type = guessed if guessed.startswith("image/") else "image/jpeg"
    return Sample(str(name), group, content_type, path.read_bytes(), expect)


def read_cases(folder: Path) -> Iterator[Sample]:
    for line in (folder / "index.jsonl").read_text().splitlines():
        case = json.loads(line)
        name = case["file"]
        data = (folder / "cases" / name).read_bytes()
        yield Sample(name, name.partition("/")[0], case["content_type"], data, read_expectation(case))


def read_expectation(case: Mapping[str, Any]) -> str:
    """Return `ok` if the index lists the parts of the form, and `any` if it expects nothing."""
    if case["file"] == MISREAD_CASE:
        return "error"
    match case["expect"]:
        case None:
            return "any"
        case list():
            return "ok"
        case expect:
            return str(expect)
