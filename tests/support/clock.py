"""A clock that only the test moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from shared.aws import Deadline
from shared.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Clock:
    """Pass it where the code takes a `clock`. Times are in seconds."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


def assert_calls_end_in_time(
    monkeypatch: pytest.MonkeyPatch, module: str, handle: Callable[[], object]
) -> None:
    """The handler of this module begins its deadline, so that no call outlives the invocation."""
    deadline = Deadline(clock=Clock())
    monkeypatch.setattr(f"{module}.get_deadline", lambda: deadline)
    handle()
    deadline.require(28)
    with pytest.raises(Unavailable):
        deadline.require(28.01)
