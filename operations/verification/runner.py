"""Runs claims against a deployment, one after the other, and says how each ended."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from operations.verification.sessions import delete_counters, delete_images
from operations.verification.verdicts import Refuted, Skipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from operations.verification.claims import Claim
    from operations.verification.deployment import Deployment

OK, FAILED, SKIPPED = "ok", "FAILED", "skipped"
SHOWN_CHARS = 300


def print_line(line: str) -> None:
    """Print at once: some claims take minutes."""
    print(line, flush=True)


def run_claims(
    deployment: Deployment, claims: Iterable[Claim], report: Callable[[str], object] = print_line
) -> Counter[str]:
    """Report each claim in a line, delete what it has made, and count the outcomes."""
    outcomes: Counter[str] = Counter()
    for claim in claims:
        try:
            outcome, words = run_claim(deployment, claim)
            report(f"{claim.id}: {outcome}{words}")
            outcomes[outcome] += 1
        finally:  # also when somebody stops the command
            outcomes[FAILED] += _attempt(lambda: _require_none(delete_images(deployment)), report)
    if (deployment.noted or deployment.noted_files) and deployment.owns_user:
        outcomes[FAILED] += _attempt(lambda: delete_counters(deployment), report)
    return outcomes


def run_claim(deployment: Deployment, claim: Claim) -> tuple[str, str]:
    """Return the outcome of a claim, and the words behind it."""
    if reason := find_obstacle(deployment, claim):
        return SKIPPED, f": {reason}"
    try:
        return OK, f" ({claim.show(deployment)})"
    except Skipped as skipped:
        return SKIPPED, f": {skipped}"
    except Exception as error:  # noqa: BLE001 - whatever goes wrong, the next claim is tried
        return FAILED, f": {describe_error(error)}"


def find_obstacle(deployment: Deployment, claim: Claim) -> str:
    """Say why a claim cannot be tried. Empty if it can."""
    if deployment.is_embedded and claim.obstacle:
        return claim.obstacle
    if claim.option and not getattr(deployment.options, claim.option):
        return f"needs --{claim.option}"
    if claim.needs_caller and not deployment.user_id:
        return "another issuer makes the users of this stack"
    return ""


def summarize(deployment: Deployment, outcomes: Counter[str], *, at: datetime | None = None) -> str:
    """Make the row of a run for the table in docs/verification.md."""
    day = (at or datetime.now(UTC)).date().isoformat()
    place = "embedded stack" if deployment.is_embedded else deployment.stack_name
    options = deployment.options
    given = [name.upper() for name in ("slow", "burst", "cold") if getattr(options, name)]
    counts = [str(outcomes[outcome]) for outcome in (OK, FAILED, SKIPPED)]
    return f"| {' | '.join([day, place, ' '.join(given) or 'none', *counts])} |"


def _attempt(clean_up: Callable[[], object], report: Callable[[str], object]) -> int:
    try:
        clean_up()
    except Exception as error:  # noqa: BLE001 - the other claims are tried
        report(f"cleanup: {FAILED}: {describe_error(error)}")
        return 1
    return 0


def _require_none(left: Sequence[str]) -> None:
    if left:
        raise Refuted(f"these images could not be deleted: {', '.join(left)}")


def describe_error(error: Exception) -> str:
    """Return the words of an error in one line."""
    words = " ".join(str(error).split())[:SHOWN_CHARS]
    return words if isinstance(error, Refuted) else f"{type(error).__name__}: {words}"
