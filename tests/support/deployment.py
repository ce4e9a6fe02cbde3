"""A whole deployment in one process: the real functions, and the events between them."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from moto.backends import get_backend

from app import dependencies
from app.main import create_app
from imaging.decoder import Decoder
from imaging.renditions import render
from imaging.variants import make_variant
from operations.consistency import ConsistencyCheck
from operations.tags import TagCheck
from processor import changes, main
from shared.aws import create_client
from shared.keyring import KeyRing
from tests.support.api import Api, make_context
from tests.support.changes import select_changes
from tests.support.faults import Injection, Killed, Wire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from imaging.reports import Rendered
    from operations.findings import Finding
    from shared.images import ImageRepository
    from shared.storage import ImageStorage
    from shared.usages import UsageRepository
    from tests.support.api import ApiResponse
    from tests.support.dynamodb.engine import Engine

ACCOUNT = "123456789012"  # moto's
EVENT_AGE = timedelta(seconds=40)
"""Too old for the processor to wait for a row, too young for it to take the event for a late one."""
LATER = timedelta(hours=1)
"""Long enough for everything that is on its way to be late."""


class Deployment:
    """The functions as Lambda has them: their own factories make the clients, on a wire that can fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
        self.engine = engine
        self.wire = Wire()
        self.wire.install(monkeypatch)
        self.api = Api()
        self.sent = 0
        """Requests since `empty`."""
        self._changes: list[Any] = []
        self._rendered: dict[bytes, Rendered] = {}
        monkeypatch.setattr("time.sleep", lambda _: None)
        monkeypatch.setattr("processor.erasing.GRACE", timedelta())  # no request runs beside the events
        monkeypatch.setattr(Decoder, "start", lambda _: None)
        monkeypatch.setattr(Decoder, "make_variant", lambda _, data, variant, __: make_variant(data, variant))
        monkeypatch.setattr(Decoder, "render", lambda _, data, seconds: self._render(data, seconds))
        clear_factories()
        self._secrets = create_client("secretsmanager", deadline=dependencies.get_deadline())
        self._secrets.create_secret(Name="links", SecretString="key")

    def close(self) -> None:
        create_app().dependency_overrides.clear()
        clear_factories()

    @property
    def images(self) -> ImageRepository:
        return dependencies.get_images()

    @property
    def usages(self) -> UsageRepository:
        return dependencies.get_usages()

    @property
    def storage(self) -> ImageStorage:
        return dependencies.get_storage()

    @contextmanager
    def keep_versions(self, days: int) -> Iterator[None]:
        """Let the function behind the stream work as with `RecoveryDays`."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("RECOVERY_DAYS", str(days))
            clear_factories(changes)
            yield
        clear_factories(changes)

    def empty(self) -> None:
        """Empty tables and bucket, faster than by deleting, and forget what a new function does not know."""
        self.engine.empty()
        get_backend("s3")[ACCOUNT]["aws"].buckets["bucket"].keys.clear()
        ring = KeyRing(lambda: self._secrets, "links")
        create_app().dependency_overrides[dependencies.get_keys] = lambda: ring
        self.wire.written.clear()
        self._changes.clear()
        self.sent = 0

    def request(
        self,
        method: str,
        url: str,
        injection: Injection | None = None,
        **options: Any,  # noqa: ANN401 - of `request`
    ) -> ApiResponse | None:
        """None if the function was killed."""
        self.sent += 1
        self.wire.begin(injection)
        try:
            return self.api.request(method, url, **options)
        except Killed:
            create_app().clear_context()
            return None

    def deliver(self, key: str, injection: Injection | None = None) -> bool:
        """Send the processor the event of an object. False if it failed."""
        self.wire.begin(injection)
        at = (datetime.now(UTC) - EVENT_AGE).isoformat()
        record = {"eventTime": at, "s3": {"object": {"key": key}}}
        return self._invoke(main.lambda_handler, record)

    def follow(self, injection: Injection | None = None) -> bool:
        """Send the changes of the images table to their function. False if it failed: they come again."""
        self.wire.begin(injection)
        self.take_changes()
        if not self._invoke(changes.lambda_handler, *self._changes):
            return False
        self._changes.clear()
        return True

    def settle(self) -> None:
        """Deliver the events of the bucket and of the table's stream, until there are no more."""
        while self.wire.written or self.take_changes():
            written, self.wire.written = self.wire.written, []
            for key in written:
                assert self.deliver(key)
            assert self.follow()

    def take_changes(self) -> list[Any]:
        """Return the changes that their function has not followed yet."""
        self._changes += select_changes(self.engine.take_records("images"))
        return self._changes

    def list_ids(self) -> set[str]:
        """Ids of the images that have a row."""
        keys = (row["pk"]["S"] for row in self.engine.list_items("images"))
        return {key.partition("#")[2] for key in keys if key.startswith("IMAGE#")}

    def find_flaws(self) -> list[Finding]:
        """Everything that does not agree, as if an hour had passed."""
        self.wire.begin()
        files, items, at = dependencies.get_files(), dependencies.get_items(), datetime.now(UTC) + LATER
        check = ConsistencyCheck(
            self.images, files, items, self.storage, TagCheck(dependencies.get_tags()), clock=lambda: at
        )
        self.engine.clock = lambda: time.time() + LATER.total_seconds()
        found = [*check.find()]
        self.engine.clock = time.time
        return found

    def pass_time(self) -> None:
        """Act as if the time that a killed function had left has passed."""
        self.wire.begin()
        for row in dependencies.get_dynamodb().scan(TableName="idempotency")["Items"]:
            dependencies.get_dynamodb().update_item(
                TableName="idempotency",
                Key={"id": row["id"]},
                UpdateExpression="SET in_progress_expiration = :past",
                ExpressionAttributeValues={":past": {"N": "1"}},
            )

    def _invoke(self, handler: Any, *records: Any) -> bool:  # noqa: ANN401 - any handler, any record
        try:
            handler({"Records": [*records]}, make_context())
        except (ExceptionGroup, Killed):
            return False
        return True

    def _render(self, data: bytes, seconds: float) -> Rendered:
        """Render each picture once. Raises UnacceptableImage as the decoder does."""
        del seconds
        if data not in self._rendered:
            self._rendered[data] = render(data)
        return self._rendered[data]


def clear_factories(*modules: ModuleType) -> None:
    """Make the factories of these modules, or of every function, forget what they made."""
    for module in modules or (dependencies, main, changes):
        for factory in vars(module).values():
            if hasattr(factory, "cache_clear") and factory.__module__ == module.__name__:
                factory.cache_clear()
