"""AWS in process: its emulator, the tables and the bucket, and the repositories on them."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from app.dependencies import (
    get_erasures,
    get_files,
    get_images,
    get_items,
    get_keys,
    get_make_variant,
    get_storage,
    get_tags,
    get_tombstones,
    get_usages,
)
from app.main import create_app
from app.parameters import get_quota, get_settings
from imaging.renditions import render
from imaging.variants import make_variant
from processor.erasing import Eraser
from processor.processing import Processor
from shared.aws import create_client
from shared.erasures import ErasureRepository
from shared.files import FileRepository
from shared.images import ImageRepository
from shared.items import ItemRepository
from shared.keys import Revision
from shared.quotas import Quota
from shared.storage import ImageStorage
from shared.table import Table
from shared.tag_counts import TagRepository
from shared.tombstones import TombstoneStorage
from shared.usages import UsageRepository
from tests.support.api import BASE_URL, Api
from tests.support.emulator import empty_emulator, run_emulator
from tests.support.erasures import Estate
from tests.support.faults import detach
from tests.support.replacements import FIRST, Gallery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _pytest.terminal import TerminalReporter
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from tests.support.dynamodb.engine import Engine

# Timings are for benchmarks: a busy machine fails no test.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")

COUNTED = {"cells": "faults injected", "cases": "requests made from the OpenAPI document"}
"""Numbers that tests record of themselves, and how the summary names them."""

PUBLIC_SHARDS = 3
TABLES = {"images": ("pk", "sk"), "items": ("pk", "sk"), "idempotency": ("id",)}
STREAMS: dict[str, Any] = {
    "images": {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}}
}
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "IMAGES_TABLE": "images",
    "ITEMS_TABLE": "items",
    "IDEMPOTENCY_TABLE": "idempotency",
    "BUCKET": "bucket",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "2048",
    "AUTH_MODE": "open",
    "LINK_SECRET": "links",
    "PUBLIC_URL": BASE_URL,
    "PUBLIC_SHARDS": str(PUBLIC_SHARDS),
    "POWERTOOLS_SERVICE_NAME": "test",
}


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    notes = [note for report in terminalreporter.getreports("passed") for note in report.user_properties]
    for counted, what in COUNTED.items():
        numbers = [int(str(number)) for name, number in notes if name == counted]
        if numbers:
            terminalreporter.write_line(f"{sum(numbers)} {what}")


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """DynamoDB. It runs in the emulator, and is empty at the beginning of each test."""
    with pytest.MonkeyPatch.context() as patch:
        set_environment(patch)
        with run_emulator() as engine:
            yield engine


@pytest.fixture(scope="session")
def clients(engine: Engine) -> dict[str, Any]:
    """A client of each service with data. It takes longer to make one than most tests need."""
    del engine  # it responds to them
    return {service: create_client(service) for service in ("dynamodb", "s3")}


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch, engine: Engine, clients: dict[str, Any]) -> Iterator[None]:
    """An empty AWS."""
    set_environment(monkeypatch)
    get_settings.cache_clear()
    empty_emulator(engine)
    yield
    get_settings.cache_clear()
    for client in clients.values():
        detach(client)


def set_environment(patch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("AWS_"):
            patch.delenv(name)
    for name, value in ENVIRONMENT.items():
        patch.setenv(name, value)


@pytest.fixture
def dynamodb(clients: dict[str, Any]) -> DynamoDBClient:
    """A client, and empty tables."""
    client: DynamoDBClient = clients["dynamodb"]
    create_tables(client)
    return client


def create_tables(client: DynamoDBClient) -> None:
    for name, keys in TABLES.items():
        client.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": key, "KeyType": "RANGE" if position else "HASH"}
                for position, key in enumerate(keys)
            ],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            **STREAMS.get(name, {}),
        )
        client.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"AttributeName": "expires_at", "Enabled": True}
        )


@pytest.fixture
def s3(clients: dict[str, Any]) -> S3Client:
    client: S3Client = clients["s3"]
    client.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return client


@pytest.fixture
def table(dynamodb: DynamoDBClient) -> Table:
    return Table(dynamodb, "images")


@pytest.fixture
def quota() -> Quota:
    return Quota(max_images=10_000, max_bytes=10 * 2**30)


@pytest.fixture
def images(table: Table) -> ImageRepository:
    return ImageRepository(table, public_shards=PUBLIC_SHARDS)


@pytest.fixture
def files(table: Table) -> FileRepository:
    return FileRepository(table)


@pytest.fixture
def usages(table: Table, quota: Quota) -> UsageRepository:
    return UsageRepository(table, quota)


@pytest.fixture
def tags(table: Table) -> TagRepository:
    return TagRepository(table)


@pytest.fixture
def items(dynamodb: DynamoDBClient) -> ItemRepository:
    return ItemRepository(Table(dynamodb, "items"))


@pytest.fixture
def storage(s3: S3Client) -> ImageStorage:
    return ImageStorage(s3, "bucket")


@pytest.fixture
def erasures(table: Table) -> ErasureRepository:
    return ErasureRepository(table)


@pytest.fixture
def tombstones(s3: S3Client) -> TombstoneStorage:
    return TombstoneStorage(s3, "bucket")


@pytest.fixture
def eraser(  # noqa: PLR0913, PLR0917 - its stores
    erasures: ErasureRepository,
    usages: UsageRepository,
    images: ImageRepository,
    files: FileRepository,
    items: ItemRepository,
    tags: TagRepository,
    tombstones: TombstoneStorage,
) -> Eraser:
    """It never waits."""
    return Eraser(erasures, usages, images, files, items, tags, tombstones, sleep=lambda _: None)


@pytest.fixture
def estate(engine: Engine, dynamodb: DynamoDBClient, s3: S3Client) -> Estate:
    """The stores and the function that erases, on a clock that only waiting moves."""
    return Estate(engine, dynamodb, s3)


@pytest.fixture
def gallery(  # noqa: PLR0913, PLR0917 - its parts
    api: Api,
    images: ImageRepository,
    usages: UsageRepository,
    storage: ImageStorage,
    processor: Processor,
    eraser: Eraser,
    engine: Engine,
) -> Gallery:
    """An image that is ready, and whose bytes can be replaced."""
    image_id = api.upload(FIRST, tags=["sea"], description="A.")["id"]
    processor.process(Revision(image_id), datetime.now(UTC), seconds=60)
    return Gallery(api, images, usages, storage, processor, eraser, engine, image_id)


@pytest.fixture
def processor(images: ImageRepository, usages: UsageRepository, storage: ImageStorage) -> Processor:
    """It renders in this process, and never waits."""
    return Processor(images, usages, storage, render=lambda data, _: render(data), sleep=lambda _: None)


class FixedKeys:
    """A ring of one key, without Secrets Manager."""

    def get(self) -> list[bytes]:
        return [b"key"]

    def find_current(self) -> bytes:
        return b"key"


@pytest.fixture
def api(  # noqa: PLR0913, PLR0917 - its stores
    images: ImageRepository,
    usages: UsageRepository,
    files: FileRepository,
    items: ItemRepository,
    storage: ImageStorage,
    quota: Quota,
    tags: TagRepository,
    erasures: ErasureRepository,
    tombstones: TombstoneStorage,
) -> Iterator[Api]:
    """The API's handler. It makes variants in this process."""
    overrides = create_app().dependency_overrides
    overrides |= {
        get_quota: lambda: quota,
        get_images: lambda: images,
        get_usages: lambda: usages,
        get_files: lambda: files,
        get_items: lambda: items,
        get_tags: lambda: tags,
        get_storage: lambda: storage,
        get_erasures: lambda: erasures,
        get_tombstones: lambda: tombstones,
        get_keys: FixedKeys,
        get_make_variant: lambda: make_variant,
    }
    yield Api(images, storage)
    overrides.clear()
