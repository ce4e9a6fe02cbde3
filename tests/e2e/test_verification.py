"""The claims about AWS that the embedded stack can show, run as an operator runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from operations.verification.catalogue import CLAIMS
from operations.verification.command import verify
from operations.verification.deployment import Options
from operations.verification.runner import find_obstacle, run_claim, run_claims
from operations.verification.sessions import open_deployment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import Stack
    from operations.verification.deployment import Deployment

QUICK = [claim for claim in CLAIMS if not claim.obstacle and not claim.option]
IN_JWT = ["challenge", "raw-bytes", "failure-destination"]
CONDITIONAL = {"challenge": "AuthMode is open", "quota": "MaxUserImages is 10000"}
"""Claims that the parameters of the stack leave out."""


@pytest.fixture(scope="module")
def deployment(stack: Stack) -> Iterator[Deployment]:
    with open_deployment(stack.client, stack.outputs, "", Options(slow=True)) as deployment:
        yield deployment


@pytest.mark.parametrize("claim_id", [claim.id for claim in QUICK if claim.id not in CONDITIONAL])
def test_claim_holds_on_the_embedded_stack(deployment: Deployment, claim_id: str) -> None:
    claims = [claim for claim in CLAIMS if claim.id == claim_id]
    lines: list[str] = []
    outcomes = run_claims(deployment, claims, lines.append)
    assert outcomes["ok"] == 1, lines
    assert not outcomes["FAILED"], lines


@pytest.mark.parametrize("claim_id", CONDITIONAL)
def test_claim_that_needs_other_parameters_is_skipped(deployment: Deployment, claim_id: str) -> None:
    (claim,) = (claim for claim in CLAIMS if claim.id == claim_id)
    outcome, words = run_claim(deployment, claim)
    assert outcome == "skipped"
    assert CONDITIONAL[claim_id] in words


def test_every_claim_that_the_emulator_cannot_show_says_why(deployment: Deployment) -> None:
    assert all(find_obstacle(deployment, claim) for claim in CLAIMS if claim.obstacle)


def test_verification_leaves_no_row_and_no_object_of_its_user(stack: Stack, deployment: Deployment) -> None:
    pages = (
        stack.client("dynamodb").get_paginator("scan").paginate(TableName=stack.outputs["ImagesTableName"])
    )
    rows = [str(row) for page in pages for row in page["Items"]]
    assert [row for row in rows if deployment.user_id in row] == []


def test_verification_leaves_no_rule_and_no_queue(stack: Stack, deployment: Deployment) -> None:
    claims = [claim for claim in CLAIMS if claim.id == "events"]
    lines: list[str] = []
    assert run_claims(deployment, claims, lines.append)["ok"] == 1, lines
    rules = stack.client("events").list_rules(EventBusName=stack.outputs["EventBusName"])["Rules"]
    queues = stack.client("sqs").list_queues().get("QueueUrls", [])
    assert [name for name in (*(rule["Name"] for rule in rules), *queues) if "verify-" in name] == []


def test_verification_with_a_user_of_a_pool_deletes_the_user(
    jwt_stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing else puts messages into the failure queue of this stack, so its redrive can be shown."""
    verify(jwt_stack.client, jwt_stack.outputs, "", Options(slow=True), IN_JWT)
    lines = capsys.readouterr().out.splitlines()
    assert {line.partition(" (")[0] for line in lines[: len(IN_JWT)]} == {f"{name}: ok" for name in IN_JWT}
    users = jwt_stack.client("cognito-idp").list_users(UserPoolId=jwt_stack.outputs["UserPoolId"])["Users"]
    assert [user["Username"] for user in users if user["Username"].startswith("verify-")] == []
