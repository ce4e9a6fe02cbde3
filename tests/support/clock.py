"""A clock that only the test moves."""

from dataclasses import dataclass


@dataclass
class Clock:
    """Pass it where the code takes a `clock`. Times are in seconds."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds
