"""The pauses between the tries of a call that others hold up."""

import random
from collections.abc import Iterator

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 0.8
PATIENCE_SECONDS = 8
"""How long a write waits for others who write the same rows, or for a throttled table."""


def make_pauses() -> Iterator[float]:
    """Seconds to wait before each try: none before the first, then twice as long each time, with jitter."""
    yield 0
    longest, waited = FIRST_PAUSE_SECONDS, 0.0
    while waited < PATIENCE_SECONDS:
        pause = random.uniform(0, longest)  # noqa: S311 - no secret
        yield pause
        waited += max(pause, FIRST_PAUSE_SECONDS / 2)
        longest = min(2 * longest, LONGEST_PAUSE_SECONDS)
