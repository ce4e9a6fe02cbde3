"""Reservations: a record is counted before it is stored, and never without its bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.errors import QuotaExceeded, TooManyRequests

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.models import Record
    from shared.records import RecordRepository


def add_reserved[R: Record](  # noqa: PLR0913 - the steps
    repository: RecordRepository[R],
    record: R,
    *,
    reserve: Callable[[], object],
    release: Callable[[], object],
    claim: str | None,
    write: Callable[[], object] = lambda: None,
    erase: Callable[[], object] = lambda: None,
) -> R:
    """Reserve room, write the bytes, then add the record. If a step fails, the steps before it are undone.

    `claim` is as in `RecordRepository.add`: an earlier try of the same request may have added a record, which
    may have taken the last room or the last token.
    """
    try:
        reserve()
    except (QuotaExceeded, TooManyRequests):
        if claim is None or not repository.has_claim(claim):
            raise
        return repository.get_claimed(claim)
    try:
        write()
        stored = repository.add(record, claim=claim)
    except Exception:
        added = repository.withdraw(record)
        if added is None:
            _undo(release, erase)
            raise
        return added
    if stored.id != record.id:
        _undo(release, erase)
    return stored


def _undo(release: Callable[[], object], erase: Callable[[], object]) -> None:
    try:
        erase()
    finally:
        release()
