"""The command `verify-aws`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.console import Problem
from operations.verification.catalogue import CLAIMS
from operations.verification.runner import FAILED, run_claims, summarize
from operations.verification.sessions import open_deployment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from operations.verification.claims import Claim
    from operations.verification.deployment import Options


def verify(
    client: Callable[[str], Any],
    outputs: Mapping[str, str],
    stack_name: str,
    options: Options,
    only: Sequence[str] = (),
) -> None:
    """Run the claims, or only some, and print how each ended. Raises Problem if one failed."""
    claims = choose(only)
    with open_deployment(client, outputs, stack_name, options) as deployment:
        outcomes = run_claims(deployment, claims)
        print(f"\n{summarize(deployment, outcomes)}")
    if failed := outcomes[FAILED]:
        raise Problem(f"{failed} of {len(claims)} claims failed")


def choose(only: Sequence[str]) -> Sequence[Claim]:
    """Return the claims with these ids, or all. Raises Problem for an id that no claim has."""
    if unknown := {*only} - {claim.id for claim in CLAIMS}:
        raise Problem(f"no claim has the id {', '.join(sorted(unknown))}; docs/verification.md lists them")
    return [claim for claim in CLAIMS if not only or claim.id in only]
