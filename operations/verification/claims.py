"""Claims about a deployment, and the ways in which one ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from operations.verification.deployment import Deployment


@dataclass(frozen=True)
class Claim:
    """A sentence about every deployment, and the function that shows it on one.

    `show` returns figures as evidence, in a few words. It raises Refuted or Skipped. Any other error refutes
    the claim, too.
    """

    id: str
    sentence: str
    show: Callable[[Deployment], str]
    obstacle: str = ""
    """Why the embedded stack cannot show it. Empty if it can."""
    option: str = ""
    """The option of the command without which it is skipped."""
    needs_caller: bool = True
    """It makes requests of a user."""
