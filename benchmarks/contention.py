"""Uploads of one user by many clients at once, on a DynamoDB that cancels conflicting transactions.

The peer counts what a user has inside the upload's transaction, as this service once did. Each client
uploads again and again, as a Lambda of its own. Transactions take as long as on AWS, and so do objects.

usage: PYTHONPATH=src:. python benchmarks/contention.py [--seconds 20]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from app.access.callers import Caller
from app.requests.formats import ImageUpload, UploadedFile
from app.requests.inputs import ImageMetadata
from app.uploads import upload_image
from shared.aws import create_client
from shared.counters import make_usage_key
from shared.errors import Contended, DomainError
from shared.images import ImageRepository, get_image_usage
from shared.quotas import Quota
from shared.storage import ImageStorage
from shared.table import Table
from shared.usages import UsageRepository
from tests.conftest import create_tables, set_environment
from tests.support.emulator import run_emulator
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shared.models import Image
    from shared.quotas import Usage
    from shared.transactions import Transaction
    from tests.support.dynamodb.engine import Engine

PICTURE = make_picture()
QUOTA = Quota(10**6, 10**12)
OBJECT_SECONDS = 0.02
CLIENTS = (1, 5, 20, 50)
TRANSACTION_SECONDS = (0.015, 0.03)


class SlowStorage(ImageStorage):
    """Takes its time, and keeps nothing."""

    def __init__(self) -> None:
        super().__init__(None, "bucket")  # type: ignore[arg-type] # it makes no calls

    def add(self, key: str, data: bytes, content_type: str, *, disposition: str = "inline") -> bool:
        del key, data, content_type, disposition
        time.sleep(OBJECT_SECONDS)
        return True

    def delete(self, key: str) -> None:
        del key


class NoReservation(UsageRepository):
    """The peer: it looks for room first, and counts nothing by itself."""

    def reserve(self, name: str, user_id: str, added: Usage, *, takes_token: bool = True) -> None:
        del name, takes_token
        self._quota.require_room(self.get(user_id), added)

    def release(self, name: str, user_id: str, reserved: Usage) -> None: ...


class CountingTable(Table):
    """The peer: each transaction that adds an image counts it for its user too."""

    def transact(self, transaction: Transaction) -> None:
        image: Image = transaction.image  # type: ignore[attr-defined] # `CountingImages` sets it
        added = get_image_usage(image)
        transaction._write(  # noqa: SLF001 - the peer is not part of the service
            "Update",
            Contended,
            Key={"pk": {"S": make_usage_key(image.user_id)[0]}, "sk": {"S": "USAGE"}},
            UpdateExpression="ADD images :images, bytes :bytes",
            ExpressionAttributeValues={
                ":images": {"N": str(added.images)},
                ":bytes": {"N": str(added.bytes)},
            },
        )
        super().transact(transaction)


class CountingImages(ImageRepository):
    """Tells the table which image a transaction adds."""

    def add(self, record: Image, *, claim: str | None = None) -> Image:
        del claim
        from shared.transactions import Transaction  # noqa: PLC0415 - for the peer only

        transaction = Transaction()
        transaction.image = record  # type: ignore[attr-defined]
        transaction.add(self.make_key(record.id), record).put_entries(self.get_entries(record))
        self.table.transact(transaction)
        return record


@dataclass
class Outcome:
    """The seconds of each upload that succeeded, and the errors of the others."""

    seconds: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.seconds, n=20)[-1] if len(self.seconds) > 1 else self.median


def run(clients: int, seconds: float, users: int, *, is_peer: bool) -> Outcome:
    """Let every client upload for some seconds, one image after the other."""
    outcome = Outcome()
    end = time.perf_counter() + seconds

    def upload_all(number: int) -> None:
        dynamodb = create_client("dynamodb")
        table = (CountingTable if is_peer else Table)(dynamodb, "images")
        images = (CountingImages if is_peer else ImageRepository)(table)
        usages = (NoReservation if is_peer else UsageRepository)(table, QUOTA)
        caller = Caller(f"user{number % users}")
        while (begun := time.perf_counter()) < end:
            upload = ImageUpload(UploadedFile(PICTURE, "a.jpg", "image/jpeg", "file"), ImageMetadata())
            try:
                upload_image(images, usages, SlowStorage(), caller, upload)
            except DomainError as error:
                outcome.errors[type(error).__name__] += 1
            else:
                outcome.seconds.append(time.perf_counter() - begun)

    with ThreadPoolExecutor(clients) as executor:
        list(executor.map(upload_all, range(clients)))
    return outcome


@contextmanager
def prepare() -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as patch:
        set_environment(patch)
        with run_emulator() as engine:
            create_tables(create_client("dynamodb"))
            yield engine


def measure(engine: Engine, seconds: float, report: Callable[[str], Any] = print) -> None:
    report("| clients | users | transaction | uploads | failed | median | p95 | 3 x median + 0.3 s | peer |")
    report("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    rounds = [(clients, 1) for clients in CLIENTS] + [(50, 50)]
    for transaction_seconds in TRANSACTION_SECONDS:
        for clients, users in rounds:
            engine.empty()
            engine.transaction_seconds = transaction_seconds
            found = run(clients, seconds, users, is_peer=False)
            engine.empty()
            peer = run(clients, min(seconds, 10), users, is_peer=True)
            tries = len(peer.seconds) + peer.errors.total()
            failed = peer.errors.total() / tries if tries else 0
            report(
                f"| {clients} | {users} | {transaction_seconds * 1000:.0f} ms | {len(found.seconds)} "
                f"| {dict(found.errors) or 0} | {found.median:.3f} s | {found.p95:.3f} s "
                f"| {3 * found.median + 0.3:.3f} s | {failed:.0%} failed, p95 {peer.p95:.2f} s "
                f"({peer.p95 / found.p95:.1f} x) |"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    with prepare() as engine:
        measure(engine, parser.parse_args().seconds)
