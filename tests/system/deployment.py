"""A whole deployment in one process: the real functions, on moto, and the events between them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from moto.backends import get_backend

from app import dependencies
from app.keys import KeyRing
from app.main import create_app
from maintenance.consistency import ConsistencyCheck
from processor import cleanup, main, sandbox
from processor.renditions import render
from shared.aws import create_client
from tests.api import Api, make_context
from tests.system.injection import Injection, Killed, Wire

if TYPE_CHECKING:
    import pytest

    from processor.renditions import Rendered
    from shared.images import ImageRepository
    from shared.storage import ImageStorage
    from tests.api import Answer

ACCOUNT, REGION = "123456789012", "eu-central-1"  # moto's, and the tests'
EVENT_AGE = timedelta(seconds=40)
"""Too old for the processor to wait for a row, too young for it to take the event for a late one."""
LONG_AGO = timedelta(hours=-1)
FACTORIES = (
    dependencies.get_deadline,
    dependencies.get_dynamodb,
    dependencies.get_quota,
    dependencies.get_images,
    dependencies.get_items,
    dependencies.get_storage,
    dependencies.get_request_records,
    main.get_deadline,
    main.create_processor,
    cleanup.get_deadline,
    cleanup.get_storage,
)


class Deployment:
    """The functions as Lambda has them: clients made by their own factories, on wires that can fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wire = Wire()
        self.wire.install(monkeypatch)
        self.api = Api()
        self.sent = 0
        """Requests since `empty`."""
        self._rows: set[str] = set()
        self._rendered: dict[bytes, Rendered] = {}
        monkeypatch.setattr("time.sleep", lambda _: None)
        monkeypatch.setattr(sandbox, "call", self._render)
        for factory in FACTORIES:
            factory.cache_clear()
        self._secrets = create_client("secretsmanager", deadline=dependencies.get_deadline())
        self._secrets.create_secret(Name="links", SecretString="key")

    def close(self) -> None:
        create_app().dependency_overrides.clear()
        for factory in FACTORIES:
            factory.cache_clear()

    @property
    def images(self) -> ImageRepository:
        return dependencies.get_images()

    @property
    def storage(self) -> ImageStorage:
        return dependencies.get_storage()

    def empty(self) -> None:
        """Begin anew, faster than by deleting: tables, bucket, and what a new function does not know yet."""
        for table in get_backend("dynamodb")[ACCOUNT][REGION].tables.values():
            table.items.clear()
        get_backend("s3")[ACCOUNT]["aws"].buckets["bucket"].keys.clear()
        ring = KeyRing(lambda: self._secrets, "links")
        create_app().dependency_overrides[dependencies.get_keys] = lambda: ring
        self.wire.written.clear()
        self._rows.clear()
        self.sent = 0

    def request(
        self,
        method: str,
        url: str,
        injection: Injection | None = None,
        **options: Any,  # noqa: ANN401 - of `request`
    ) -> Answer | None:
        """None where the function was killed."""
        self._rows |= self.list_ids()
        self.sent += 1
        self.wire.begin(injection)
        try:
            return self.api.request(method, url, **options)
        except Killed:
            create_app().clear_context()
            return None

    def deliver(self, key: str, injection: Injection | None = None) -> bool:
        """Tell the processor of an object. False where it failed."""
        self.wire.begin(injection)
        at = (datetime.now(UTC) - EVENT_AGE).isoformat()
        record = {"eventTime": at, "s3": {"object": {"key": key}}}
        return self._invoke(main.lambda_handler, record)

    def remove(self, image_id: str, injection: Injection | None = None) -> bool:
        """Tell the cleanup of a removed record. False where it failed."""
        self.wire.begin(injection)
        keys = {"pk": {"S": f"IMAGE#{image_id}"}, "sk": {"S": "IMAGE"}}
        return self._invoke(cleanup.lambda_handler, {"eventName": "REMOVE", "dynamodb": {"Keys": keys}})

    def settle(self) -> None:
        """Deliver what S3 and the table's stream have told of, until there is nothing more."""
        while True:
            self._rows |= self.list_ids()
            removed = self._rows - self.list_ids()
            if not (self.wire.written or removed):
                return
            written, self.wire.written = self.wire.written, []
            for key in written:
                assert self.deliver(key)
            for image_id in removed:
                assert self.remove(image_id)
            self._rows -= removed

    def list_ids(self) -> set[str]:
        """Of the images that have a row."""
        rows = get_backend("dynamodb")[ACCOUNT][REGION].tables["images"].items.items()
        return {key.value.partition("#")[2] for key, row in rows if row and key.value.startswith("IMAGE#")}

    def find_flaws(self) -> list[str]:
        """What does not agree, with no patience for what is on its way."""
        self.wire.begin()
        check = ConsistencyCheck(self.images, dependencies.get_items(), self.storage, grace=LONG_AGO)
        return [f"{finding.flaw}: {finding.name}" for finding in check.find()]

    def pass_time(self) -> None:
        """As if the time had passed that a killed function had left."""
        self.wire.begin()
        for row in dependencies.get_dynamodb().scan(TableName="idempotency")["Items"]:
            dependencies.get_dynamodb().update_item(
                TableName="idempotency",
                Key={"id": row["id"]},
                UpdateExpression="SET in_progress_expiration = :past",
                ExpressionAttributeValues={":past": {"N": "1"}},
            )

    def _invoke(self, handler: Any, record: Any) -> bool:  # noqa: ANN401 - any handler, any record
        try:
            handler({"Records": [record]}, make_context())
        except (ExceptionGroup, Killed):
            return False
        return True

    def _render(self, function: Any, data: bytes, *_: object, **__: object) -> Rendered:  # noqa: ANN401 - `render`
        del function
        if data not in self._rendered:
            self._rendered[data] = render(data)
        return self._rendered[data]
