"""The ways in which a claim ends, if it does not hold."""

from __future__ import annotations


class Refuted(Exception):
    """The deployment does something else than the claim says."""


class Skipped(Exception):
    """The claim cannot be shown on this deployment. The message says why."""


def require(holds: object, message: str) -> None:
    """Raises Refuted with the message unless something holds."""
    if not holds:
        raise Refuted(message)


def require_equal(found: object, expected: object, name: str) -> None:
    """Raises Refuted if a thing is not as expected."""
    require(found == expected, f"{name} is {found!r} instead of {expected!r}")
