"""Factories that make something once: tests let them forget it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def forgetting(*factories: Any) -> Iterator[None]:  # noqa: ANN401 - cached functions
    """Let factories make everything anew, within the block and after it."""
    for factory in factories:
        factory.cache_clear()
    try:
        yield
    finally:
        for factory in factories:
            factory.cache_clear()
