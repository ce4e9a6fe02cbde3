"""The journal of an import: its entries with their images and outcomes, on this machine.

It is a database of SQLite, so that it takes no memory, and so that nothing of it is lost when the import is
killed.
"""

from __future__ import annotations

import json
import sqlite3
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Self

from local.console import Problem

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    name TEXT PRIMARY KEY, place TEXT NOT NULL, user_id TEXT, image_id TEXT, attempt INTEGER NOT NULL,
    outcome TEXT NOT NULL, reason TEXT
)
"""
LOCK_SECONDS = 1
_FIELDS = ("place", "user_id", "image_id", "outcome", "reason")


class Outcome(StrEnum):
    """The end of one entry."""

    BEGUN = "begun"
    """It has an id. The import was stopped before it had an end."""
    ACCEPTABLE = "acceptable"
    """A trial would import it."""
    IMPORTED = "imported"
    """The image is ready. Nothing of the entry is looked at again."""
    INVALID = "invalid"
    """Its line of the manifest cannot be read, or lacks something."""
    REFUSED = "refused"
    """Its bytes cannot be had or are no image that the service takes, or its owner has no room."""
    REJECTED = "rejected"
    """The service has looked at the whole image, and cannot take it."""
    FAILED = "failed"
    """A fault of the service."""
    UNFINISHED = "unfinished"
    """The service was still busy with it when the time was over."""


class Attempt(NamedTuple):
    """The last attempt to import an entry."""

    number: int
    outcome: Outcome


class Journal:
    """The journal in one file."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        self._database = sqlite3.connect(path, isolation_level=None, timeout=LOCK_SECONDS)
        try:
            self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute(_SCHEMA)
            # What has no image is tried anew, and may have been corrected.
            self._database.execute("DELETE FROM entries WHERE image_id IS NULL")
        except sqlite3.OperationalError as error:
            self._database.close()
            raise Problem(f"another run of this import is under way ({path}: {error})") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def get(self, name: str) -> Attempt | None:
        row = self._database.execute(
            "SELECT attempt, outcome FROM entries WHERE name = ?", (name,)
        ).fetchone()
        return Attempt(row[0], Outcome(row[1])) if row else None

    def begin(self, name: str, place: str, user_id: str | None, image_id: str, attempt: int) -> None:
        """Note the id of an image before anything of it is written."""
        self._database.execute(
            "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?, NULL)",
            (name, place, user_id, image_id, attempt, Outcome.BEGUN),
        )

    def end(self, name: str, outcome: Outcome, reason: str | None) -> None:
        self._database.execute(
            "UPDATE entries SET outcome = ?, reason = ? WHERE name = ?", (outcome, reason, name)
        )

    def refuse(self, place: str, reason: str) -> None:
        """Note a line that names no entry."""
        self._database.execute(
            "INSERT OR REPLACE INTO entries VALUES (?, ?, NULL, NULL, 0, ?, ?)",
            (f"? {place}", place, Outcome.INVALID, reason),
        )

    def write_report(self, path: Path) -> None:
        """Write every entry as a line of JSON."""
        rows = self._database.execute(f"SELECT {', '.join(_FIELDS)} FROM entries ORDER BY rowid")  # noqa: S608 - our own names
        path.touch(mode=0o600)
        with path.open("w", encoding="utf-8") as file:
            file.writelines(
                json.dumps(
                    {
                        "entry": place,
                        "userId": user_id,
                        "id": image_id,
                        "outcome": outcome,
                        "reason": reason,
                    },
                    ensure_ascii=False,
                )
                + "\n"
                for place, user_id, image_id, outcome, reason in rows
            )
