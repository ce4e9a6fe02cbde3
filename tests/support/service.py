"""The whole service in one process: its three functions, and the events that wait for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from imaging.renditions import render
from processor import changes, main
from processor.accepting import LATE_AGE
from shared.errors import Unavailable
from shared.keys import ORIGINALS_PREFIX, UPLOADS_PREFIX, make_upload_key
from shared.storage import ImageStorage
from tests.support.api import Api, ApiResponse, dump_json, make_context, make_form, make_upload
from tests.support.changes import select_changes
from tests.support.lives import FILENAME, User

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from imaging.reports import Rendered
    from tests.support.dynamodb.engine import Engine
    from tests.support.specimens import Picture

type Options = dict[str, Any]
"""Of `Api.request`."""


class Renderer:
    """Renders each picture once, and nothing while it is faulty."""

    def __init__(self) -> None:
        self.is_faulty = False
        self._render = cache(render)

    def __call__(self, data: bytes, seconds: float) -> Rendered:
        del seconds
        if self.is_faulty:
            raise Unavailable
        return self._render(data)


class NotifyingStorage(ImageStorage):
    """Records the events of its writes, as the bucket does."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        super().__init__(client, bucket)
        self.events: list[str] = []

    def add(self, key: str, data: bytes, content_type: str, *, disposition: str = "inline") -> bool:
        is_new = super().add(key, data, content_type, disposition=disposition)
        if is_new and key.startswith((UPLOADS_PREFIX, ORIGINALS_PREFIX)):
            self.events.append(key)
        return is_new

    def copy(self, source: str, target: str, content_type: str) -> None:
        super().copy(source, target, content_type)
        self.events.append(target)


@dataclass(frozen=True)
class Sent:
    """A request with a key, and its response."""

    method: str
    user: User
    url: str
    options: Options
    response: ApiResponse


@dataclass(frozen=True)
class Service:
    """`events` are keys of objects that were written, `changes` are records of the table's stream."""

    api: Api
    engine: Engine
    dynamodb: DynamoDBClient
    s3: S3Client
    events: list[str]
    renderer: Renderer
    changes: list[Any] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)

    def empty(self) -> None:
        self.engine.empty()
        for key in self.list_keys():
            self.s3.delete_object(Bucket="bucket", Key=key)
        for waiting in (self.events, self.changes, self.sent):
            waiting.clear()

    def list_keys(self) -> set[str]:
        return {found["Key"] for found in self.s3.list_objects_v2(Bucket="bucket").get("Contents", [])}

    def list_kinds(self) -> list[str]:
        """Return the kinds of all rows in the images table, listing entries included."""
        return [row["sk"]["S"] for row in self.dynamodb.scan(TableName="images")["Items"]]

    def send(
        self, method: str, url: str, user: User, options: Options, *, is_keyed: bool = False
    ) -> ApiResponse:
        """Send a request. Those that fail and the next one that succeeds have the same key."""
        if is_keyed:
            options = add_headers(options, {"Idempotency-Key": str(len(self.sent))})
        response = self.api.request(method, url, user=user, **options)
        if is_keyed and response.status < 300:
            self.sent.append(Sent(method, user, url, options, response))
        return response

    def post_to_form(self, image_id: str, revision: int, data: bytes) -> None:
        key = make_upload_key(image_id, revision)
        self.s3.put_object(Bucket="bucket", Key=key, Body=data)
        self.events.append(key)

    def handle_event(self, key: str, *, is_late: bool = False, is_faulty: bool = False) -> bool:
        """Return False if it raised. Then it comes again."""
        at = datetime.now(UTC) - (2 * LATE_AGE if is_late else timedelta())
        record = {"eventTime": at.isoformat(), "s3": {"object": {"key": key}}}
        self.renderer.is_faulty = is_faulty
        try:
            main.lambda_handler({"Records": [record]}, make_context())
        except ExceptionGroup as error:
            if error.split(Unavailable)[1]:
                raise
            return False
        finally:
            self.renderer.is_faulty = False
        return True

    def collect_changes(self) -> list[Any]:
        """Return the changes that wait for their function."""
        self.changes.extend(select_changes(self.engine.take_records("images")))
        return self.changes

    def handle_change(self, record: Any) -> None:  # noqa: ANN401 - JSON
        assert changes.lambda_handler({"Records": [record]}, make_context()) == {"batchItemFailures": []}

    def expire(self, image_id: str) -> None:
        """Remove the row as DynamoDB does when its time has come. Its entries go at another time."""
        self.dynamodb.delete_item(TableName="images", Key=make_row_key(image_id))

    def expire_rows(self) -> None:
        """Remove every row that has an end."""
        for row in self.dynamodb.scan(TableName="images")["Items"]:
            if "expires_at" in row:
                self.dynamodb.delete_item(TableName="images", Key={name: row[name] for name in ("pk", "sk")})


def make_row_key(image_id: str) -> dict[str, Any]:
    return {"pk": {"S": f"IMAGE#{image_id}"}, "sk": {"S": "IMAGE"}}


def add_headers(options: Options, headers: Mapping[str, str]) -> Options:
    return {**options, "headers": {**options.get("headers", {}), **headers}}


def write_json(value: object) -> Options:
    return {"body": dump_json(value), "headers": {"Content-Type": "application/json"}}


def send_json(picture: Picture, metadata: Mapping[str, Any]) -> tuple[str, Options]:
    return "/images/upload", write_json(make_upload(picture.data, filename=FILENAME, **metadata))


def send_form(picture: Picture, metadata: Mapping[str, Any]) -> tuple[str, Options]:
    fields = {name: value if isinstance(value, str) else ",".join(value) for name, value in metadata.items()}
    return "/images/upload", make_form(*fields.items(), file=picture.data, filename=FILENAME)


def send_bytes(picture: Picture, metadata: Mapping[str, Any]) -> tuple[str, Options]:
    query = urlencode({"filename": FILENAME, **metadata}, doseq=True)
    headers = {"Content-Type": picture.content_type}
    return f"/images/upload?{query}", {"body": picture.data, "headers": headers, "encode": True}


def replace_by_json(picture: Picture) -> tuple[str, Options]:
    return "", write_json({"image": make_upload(picture.data, filename=FILENAME)["image"]})


def replace_by_form(picture: Picture) -> tuple[str, Options]:
    return "", make_form(file=picture.data, filename=FILENAME)


def replace_by_bytes(picture: Picture) -> tuple[str, Options]:
    headers = {"Content-Type": picture.content_type}
    return f"?filename={FILENAME}", {"body": picture.data, "headers": headers, "encode": True}
