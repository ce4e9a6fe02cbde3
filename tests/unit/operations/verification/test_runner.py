from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from operations.verification.catalogue import CLAIMS
from operations.verification.claims import Claim
from operations.verification.deployment import Options
from operations.verification.runner import find_obstacle, print_line, run_claims, summarize
from operations.verification.verdicts import Refuted, Skipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from operations.verification.deployment import Deployment
    from tests.unit.operations.verification.fakes import Fake


def make_claim(name: str, show: Callable[[Deployment], str] = lambda _: "3 ms", **fields: Any) -> Claim:  # noqa: ANN401 - of a claim
    return Claim(name, "It does.", show, **fields)


def fail(error: Exception) -> Callable[[Deployment], str]:
    def show(_: Deployment) -> str:
        raise error

    return show


def test_each_claim_ends_in_one_line_and_the_next_one_runs(deployment: Deployment) -> None:
    lines: list[str] = []
    claims = [
        make_claim("bad", fail(Refuted("it answers\n 500"))),
        make_claim("broken", fail(httpx.ConnectError("no way"))),
        make_claim("odd", fail(Skipped("no quota"))),
        make_claim("good"),
    ]
    outcomes = run_claims(deployment, claims, lines.append)
    assert lines == [
        "bad: FAILED: it answers 500",
        "broken: FAILED: ConnectError: no way",
        "odd: skipped: no quota",
        "good: ok (3 ms)",
    ]
    assert outcomes == Counter(ok=1, FAILED=2, skipped=1)


@pytest.mark.parametrize(
    ("changes", "fields", "reason"),
    [
        ({}, {}, ""),
        ({"is_embedded": True}, {"obstacle": "no gateway"}, "no gateway"),
        ({"is_embedded": False}, {"obstacle": "no gateway"}, ""),
        ({"options": Options()}, {"option": "slow"}, "needs --slow"),
        ({"options": Options()}, {"option": "burst"}, "needs --burst"),
        ({"options": Options(cold=True)}, {"option": "cold"}, ""),
        ({"user_id": ""}, {}, "another issuer makes the users of this stack"),
        ({"user_id": ""}, {"needs_caller": False}, ""),
    ],
)
def test_claim_that_cannot_be_tried_is_skipped_with_the_reason(
    fake: Fake, changes: dict[str, Any], fields: dict[str, Any], reason: str
) -> None:
    assert find_obstacle(fake.deploy(**changes), make_claim("a", **fields)) == reason


@pytest.mark.parametrize("error", [None, Refuted("bad")])
def test_images_are_deleted_after_each_claim_and_the_counter_at_the_end(
    fake: Fake, deployment: Deployment, error: Exception | None
) -> None:
    left: list[int] = []

    def show(deployment: Deployment) -> str:
        left.append(len(fake.images))
        deployment.upload()
        if error:
            raise error
        return "1"

    run_claims(deployment, [make_claim("a", show), make_claim("b", show)], lambda _: None)
    assert left == [0, 0]
    assert (fake.images, fake.objects, deployment.made) == ({}, {}, [])
    deleted = [given["Key"]["pk"]["S"] for _, name, given in fake.calls if name == "delete_item"]
    assert deleted[0] == "USER#verify-1"
    assert len(deleted) == 3


def test_note_of_an_image_that_a_claim_has_deleted_goes_too(fake: Fake, deployment: Deployment) -> None:
    run_claims(deployment, [claim for claim in CLAIMS if claim.id in {"deletion", "listing"}], lambda _: None)
    deleted = {given["Key"]["pk"]["S"] for _, name, given in fake.calls if name == "delete_item"}
    assert deleted == {"USER#verify-1", *(f"IMAGE#{image_id}" for image_id in deployment.noted)}
    assert len(deleted) == 22


def test_image_that_cannot_be_deleted_is_a_failure(fake: Fake, deployment: Deployment) -> None:
    lines: list[str] = []
    fake.changes.append(("DELETE", lambda _: httpx.Response(500)))
    fake.changes.append(
        (r"/limits$", lambda _: httpx.Response(200, json={"used": {"images": 1, "files": 0}}))
    )
    image_ids: list[str] = []

    def show(deployment: Deployment) -> str:
        image_ids.append(deployment.upload()["id"])
        return "1"

    outcomes = run_claims(deployment, [make_claim("a", show)], lines.append)
    assert outcomes["FAILED"] == 2
    assert lines[1] == f"cleanup: FAILED: these images could not be deleted: {image_ids[0]}"
    assert lines[2] == "cleanup: FAILED: the counter of the user verify-1 is not 0 after 60 s"


def test_images_are_deleted_when_somebody_stops_the_command(fake: Fake, deployment: Deployment) -> None:
    def show(deployment: Deployment) -> str:
        deployment.upload()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_claims(deployment, [make_claim("a", show)], lambda _: None)
    assert fake.images == {}


@pytest.mark.parametrize(
    ("changes", "row"),
    [
        ({}, "| 2026-11-27 | images-dev | SLOW BURST COLD | 3 | 1 | 0 |"),
        ({"is_embedded": True, "options": Options()}, "| 2026-11-27 | embedded stack | none | 3 | 1 | 0 |"),
    ],
)
def test_summary_is_a_row_of_the_table_of_runs(fake: Fake, changes: dict[str, Any], row: str) -> None:
    at = datetime(2026, 11, 27, tzinfo=UTC)
    assert summarize(fake.deploy(**changes), Counter(ok=3, FAILED=1), at=at) == row


def test_lines_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    print_line("good: ok")
    assert capsys.readouterr().out == "good: ok\n"
