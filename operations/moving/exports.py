"""Exports: the originals of all images or of one user, and a line of metadata for each.

The tables are read page by page. When the originals of a page are copied and its lines are written, the place
where the next page begins is noted. So an export that was stopped repeats at most one page, and no line is
there twice.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple, Protocol

from pydantic import Field

from local.console import Problem
from operations.findings import read_image
from operations.moving.destinations import MissingOriginal
from operations.moving.entries import ExportedImage
from operations.moving.sources import MANIFEST
from shared.bases import Model
from shared.errors import NotFound
from shared.images import ImageFilter
from shared.keys import make_original_key
from shared.lifecycle import Status
from shared.listing import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from operations.moving.destinations import Bucket
    from shared.images import ImageRepository
    from shared.models import Image

CHECKPOINT = "export.json"
PAGE_IMAGES = 100
EXTENSIONS = {"image/jpeg": "jpg"}
MAX_TRIES = 3


class Destination(Protocol):
    """A place for files."""

    def copy(self, bucket: Bucket, key: str, name: str, image: Image) -> None: ...
    def write(self, name: str, data: bytes) -> None: ...
    def read(self, name: str) -> bytes | None: ...
    def join(self, parts: Sequence[str], name: str) -> None: ...
    def delete(self, name: str) -> None: ...


class Checkpoint(Model):
    """The place that an export has come to."""

    user_id: str | None
    """The user of whom it is. None: all of them."""
    stack: str
    """The bucket that it is of."""
    cursor: list[str] | None = None
    parts: int = 0
    exported: int = 0
    left_out: dict[str, int] = Field(default_factory=dict)
    is_listed: bool = False
    """Every page is exported. The manifest may still be in parts."""
    is_finished: bool = False


class Page(NamedTuple):
    """Some images, and where those after them begin."""

    images: Sequence[Image]
    cursor: list[str] | None


class Exporter:
    """Exports images of one stack to one destination."""

    def __init__(
        self,
        images: ImageRepository,
        bucket: Bucket,
        destination: Destination,
        *,
        at_once: int = 4,
        report: Callable[[str], object] = print,
    ) -> None:
        self._images = images
        self._bucket = bucket
        self._destination = destination
        self._at_once = at_once
        self._report = report

    def export(self, user_id: str | None) -> Checkpoint:
        """Export what is not exported yet. Raises Problem if the destination has another export."""
        begun = Checkpoint(user_id=user_id, stack=self._bucket.name)
        stored = self._destination.read(CHECKPOINT)
        done = Checkpoint.model_validate_json(stored) if stored else begun
        if (done.user_id, done.stack) != (begun.user_id, begun.stack):
            raise Problem("there is an export of another user or stack; choose another place")
        if not done.is_listed:
            for page in self._list_pages(done):
                done = self._export_page(page, done)
                self._report(f"{done.exported} images exported")
            done = self._save(done.model_copy(update={"is_listed": True}))
        return self._finish(done)

    def _export_page(self, page: Page, done: Checkpoint) -> Checkpoint:
        left_out = Counter(done.left_out)
        with ThreadPoolExecutor(self._at_once) as executor:
            lines = [line for line in executor.map(self._export_image, page.images) if line]
        kept = [line for line in lines if isinstance(line, ExportedImage)]
        left_out.update(line for line in lines if isinstance(line, str))
        number = done.parts
        if kept:
            text = "".join(f"{line.model_dump_json(by_alias=True)}\n" for line in kept)
            self._destination.write(_name_part(number), text.encode())
            number += 1
        changes = {
            "cursor": page.cursor,
            "parts": number,
            "exported": done.exported + len(kept),
            "left_out": dict(left_out),
            "is_listed": page.cursor is None,
        }
        return self._save(done.model_copy(update=changes))

    def _export_image(self, image: Image) -> ExportedImage | str | None:
        """Copy an original. Return its line, or why there is none; None if the image is gone."""
        for _ in range(MAX_TRIES):
            if image.is_trashed:
                return "in the trash"
            if not image.has_original or image.status is Status.REJECTED:
                return f"{image.status}, without bytes"
            path = make_path(image)
            try:
                key = make_original_key(image.id, image.revision)
                self._destination.copy(self._bucket, key, path, image)
                return describe_image(image, path)
            except MissingOriginal:
                try:
                    image = self._images.get(image.id)  # it may have got other bytes
                except NotFound:
                    return None
        return "without its original"

    def _finish(self, done: Checkpoint) -> Checkpoint:
        """Make one manifest of the parts, and then delete these."""
        names = [_name_part(number) for number in range(done.parts)]
        if not done.is_finished:
            self._destination.join(names, MANIFEST)
            done = self._save(done.model_copy(update={"is_finished": True}))
        if names and self._destination.read(names[0]) is not None:
            for name in reversed(names):
                self._destination.delete(name)
        return done

    def _save(self, done: Checkpoint) -> Checkpoint:
        self._destination.write(CHECKPOINT, done.model_dump_json().encode())
        return done

    def _list_pages(self, done: Checkpoint) -> Iterator[Page]:
        if done.user_id is None:
            yield from self._scan(done.cursor)
        else:
            yield from self._list(done.user_id, done.cursor)

    def _scan(self, cursor: list[str] | None) -> Iterator[Page]:
        after = (cursor[0], cursor[1]) if cursor else None
        for rows in self._images.table.scan(after=after):
            last = [rows[-1]["pk"], rows[-1]["sk"]] if rows else cursor
            found = (
                self._images.read_row(row)
                for row in rows
                if row["sk"] == self._images.kind and read_image(row)
            )
            yield Page([image for image in found if image], last)

    def _list(self, user_id: str, cursor: list[str] | None) -> Iterator[Page]:
        span = Span(descending=False)
        start = span.starting_at(cursor[0]) if cursor else span
        own = ImageFilter(caller_id=user_id, user_id=user_id)
        while True:
            page = self._images.list_visible(own, start, limit=PAGE_IMAGES)
            yield Page(page.records, [page.next_key] if page.next_key else None)
            if page.next_key is None:
                return
            start = span.starting_at(page.next_key)


def make_path(image: Image) -> str:
    """Name the file of an original: unique, and safe in every file system."""
    extension = EXTENSIONS.get(image.content_type) or image.content_type.removeprefix("image/")
    return f"originals/{image.id[:2]}/{image.id}-{image.revision}.{extension}"


def describe_image(image: Image, path: str) -> ExportedImage:
    fields = {name: getattr(image, name) for name in ExportedImage.model_fields if name != "path"}
    return ExportedImage(path=path, **fields)


def _name_part(number: int) -> str:
    return f"parts/{number:08}.jsonl"
