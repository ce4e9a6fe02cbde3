"""Erases users, and erases them again after a restore of the tables."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from shared.erasures import ErasureRepository, begin_erasure
from shared.table import Table
from shared.tombstones import TombstoneStorage
from shared.usages import UsageRepository

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shared.erasures import Erasure

PAUSE_SECONDS = 2


class Registry:
    """The erasures of one stack. The function behind the images table's stream does the work."""

    def __init__(
        self, erasures: ErasureRepository, usages: UsageRepository, tombstones: TombstoneStorage
    ) -> None:
        self._erasures = erasures
        self._usages = usages
        self._tombstones = tombstones

    def erase(self, user_id: str) -> None:
        """Begin the erasure of a user. One that has begun, or that is finished, looks at everything again."""
        begun = self._erasures.get(user_id)
        if begun:
            self._tombstones.add(user_id)
            self._erasures.replace(begun.restart(datetime.now(UTC)))
            self._usages.close(user_id)
        else:
            begin_erasure(self._erasures, self._usages, self._tombstones, user_id)

    def erase_again(self) -> list[str]:
        """Erase every user that has a tombstone in the bucket. Return their ids."""
        user_ids = [*self._tombstones.list_users()]
        for user_id in user_ids:
            self.erase(user_id)
        return user_ids

    def await_end(
        self,
        user_id: str,
        *,
        report: Callable[[str], object] = print,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """Report each progress of an erasure until it is finished."""
        shown = ""
        while True:
            erasure = self._erasures.get(user_id)
            progress = _describe(erasure) if erasure else "not begun"
            if progress != shown:
                report(progress)
                shown = progress
            if erasure and erasure.finished_at:
                return
            sleep(PAUSE_SECONDS)


def make_registry(client: Callable[[str], Any], outputs: Mapping[str, str]) -> Registry:
    """Make the registry of the stack with these outputs."""
    table = Table(client("dynamodb"), outputs["ImagesTableName"])
    tombstones = TombstoneStorage(client("s3"), outputs["BucketName"])
    return Registry(ErasureRepository(table), UsageRepository(table), tombstones)


def _describe(erasure: Erasure) -> str:
    counts = ", ".join(f"{count} {name}" for name, count in erasure.amounts.items())
    return f"{'finished' if erasure.finished_at else 'running'}: {counts} deleted"
