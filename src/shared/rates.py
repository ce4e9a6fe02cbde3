"""Rates: how often a user may write. A token bucket that one number describes.

The number says when the bucket is full again, in milliseconds since 1970. Each write moves it by one
interval. It may lie in the future by as many intervals as the bucket has tokens (the "virtual scheduling"
algorithm of ITU-T I.371, also called GCRA).
"""

import math
from dataclasses import dataclass

from shared.errors import RateExceeded

MILLISECONDS_PER_MINUTE = 60_000


@dataclass(frozen=True)
class Rate:
    """`per_minute` tokens come into the bucket, which holds `burst`. None stands for no bound."""

    per_minute: int | None = None
    burst: int = 1

    @property
    def interval_ms(self) -> int:
        """The time that one token takes. 0: writes take no token."""
        return math.ceil(MILLISECONDS_PER_MINUTE / self.per_minute) if self.per_minute else 0

    def get_latest(self, count: int, now_ms: int) -> int:
        """The latest time at which the bucket may be full again, if it still has so many tokens now.

        Who takes more than it holds waits until it is full, and leaves a debt.
        """
        return now_ms + max(0, self.burst - count) * self.interval_ms

    def require_tokens(self, count: int, full_at_ms: int, now_ms: int) -> None:
        """Raises RateExceeded, which says when the tokens are there."""
        wait_ms = full_at_ms - self.get_latest(count, now_ms)
        if self.per_minute is not None and wait_ms > 0:
            raise RateExceeded(
                f"A user may write {self.per_minute} times a minute, and {self.burst} times at once.",
                math.ceil(wait_ms / 1000),
            )
