"""All claims, in the order in which they run."""

from operations.verification import (
    background,
    cdn,
    events,
    gateway,
    load,
    moving,
    observing,
    protection,
    releases,
    signing,
    transport,
    uploads,
    wiring,
    writes,
)
from operations.verification.claims import Claim

CLAIMS: tuple[Claim, ...] = (
    *wiring.CLAIMS,
    *protection.CLAIMS,
    *gateway.CLAIMS,
    *transport.CLAIMS,
    *uploads.CLAIMS,
    *writes.CLAIMS,
    *background.CLAIMS,
    *events.CLAIMS,
    *moving.CLAIMS,
    *signing.CLAIMS,
    *cdn.CLAIMS,
    *observing.CLAIMS,
    *releases.CLAIMS,
    *load.CLAIMS,
)

SEEN_ON_AWS: frozenset[str] = frozenset()
"""Ids of claims that a run against AWS has shown. Add them after such a run, and run the tests."""

LEFT_OUT_HERE = frozenset({"quota"})
"""Ids of claims that the parameters of the embedded stack leave out, though the emulator could show them."""


def describe_place(claim: Claim) -> str:
    """Say where a claim was seen: the last column of the table in docs/verification.md."""
    if claim.id in SEEN_ON_AWS:
        return "AWS"
    is_seen_here = not claim.obstacle and claim.id not in LEFT_OUT_HERE
    return "embedded stack; not yet run on AWS" if is_seen_here else "not yet run on AWS"


def make_table() -> str:
    """Make the table of all claims for docs/verification.md."""
    rows = [
        (
            f"`{claim.id}`",
            claim.sentence,
            f"`{claim.option.upper()}`" if claim.option else "",
            describe_place(claim),
        )
        for claim in CLAIMS
    ]
    head = ["| Id | Claim | Needs | Seen on |", "| --- | --- | --- | --- |"]
    return "\n".join(head + [f"| {' | '.join(row)} |" for row in rows])
