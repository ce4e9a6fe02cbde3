"""A stack to import into. Its processor works while the importer waits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from operations.moving.imports import Importer
from operations.moving.sources import SourceError
from shared.keys import ORIGINALS_PREFIX, UPLOADS_PREFIX, parse_original_key, parse_upload_key
from shared.quotas import Quota
from shared.usages import UsageRepository

if TYPE_CHECKING:
    from operations.moving.entries import Entry
    from processor.processing import Processor
    from shared.images import ImageRepository
    from shared.storage import ImageStorage


class Shelf:
    """A source in memory."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.reads = 0

    def read(self, entry: Entry) -> bytes:
        self.reads += 1
        if entry.location not in self.files:
            raise SourceError("is not there")
        return self.files[entry.location]


class Works:
    """The processor, as the events of S3 start it."""

    def __init__(self, processor: Processor, storage: ImageStorage) -> None:
        self._processor = processor
        self._storage = storage
        self._done: set[str] = set()
        self.is_running = False

    def run(self) -> None:
        """Handle the events of all objects that are new."""
        self.is_running = True
        try:
            self._handle()
        finally:
            self.is_running = False

    def _handle(self) -> None:
        for page in self._storage.list_keys(UPLOADS_PREFIX):
            for key, at in page:
                if upload := parse_upload_key(key):
                    self._processor.accept(upload, at)
        for page in self._storage.list_keys(ORIGINALS_PREFIX):
            for key, _ in page:
                if key not in self._done and (original := parse_original_key(key)):
                    self._done.add(key)
                    self._processor.process(original, datetime.now(UTC), seconds=60)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def works(processor: Processor, storage: ImageStorage) -> Works:
    return Works(processor, storage)


@pytest.fixture
def importer(shelf: Shelf, works: Works, images: ImageRepository, storage: ImageStorage) -> Importer:
    usages = UsageRepository(images.table, Quota(max_images=100))
    return Importer(shelf, images, usages, storage, sleep=lambda _: works.run())
