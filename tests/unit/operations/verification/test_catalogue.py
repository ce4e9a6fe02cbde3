"""Every claim holds for a right deployment, and a wrong answer refutes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from operations.verification.catalogue import CLAIMS, SEEN_ON_AWS, describe_place, make_table
from operations.verification.runner import run_claim
from tests.support.documents import ROOT
from tests.unit.operations.verification import faults_of_api, faults_of_aws
from tests.unit.operations.verification.answers_of_aws import PARAMETERS
from tests.unit.operations.verification.fakes import Fake

if TYPE_CHECKING:
    from collections.abc import Callable

BY_ID = {claim.id: claim for claim in CLAIMS}
FAULTS = faults_of_aws.FAULTS + faults_of_api.FAULTS


def make_fake(claim_id: str) -> Fake:
    fake = Fake()
    fake.is_throttled = claim_id == "throttling"
    return fake


@pytest.mark.parametrize("claim_id", BY_ID)
def test_claim_holds_for_a_right_deployment(claim_id: str) -> None:
    outcome, words = run_claim(make_fake(claim_id).deploy(), BY_ID[claim_id])
    assert (outcome, words[:2], words[-1]) == ("ok", " (", ")"), words


@pytest.mark.parametrize(
    ("claim_id", "words", "fault"),
    FAULTS,
    ids=[f"{claim_id}, {words}, {number}" for number, (claim_id, words, _) in enumerate(FAULTS)],
)
def test_wrong_answer_refutes_the_claim(claim_id: str, words: str, fault: Callable[[Fake], object]) -> None:
    fake = make_fake(claim_id)
    fault(fake)
    outcome, said = run_claim(fake.deploy(), BY_ID[claim_id])
    assert outcome == "FAILED", said
    assert words in said


def test_every_claim_has_a_wrong_answer() -> None:
    assert {claim_id for claim_id, _, _ in FAULTS} == BY_ID.keys()


def test_ids_are_unique_and_sentences_end() -> None:
    assert len(BY_ID) == len(CLAIMS)
    assert all(claim.sentence.endswith(".") for claim in CLAIMS)
    assert BY_ID.keys() >= SEEN_ON_AWS


def test_document_has_the_table_of_all_claims() -> None:
    """If this fails, put what `make_table` returns into docs/verification.md."""
    assert make_table() in (ROOT / "docs/verification.md").read_text()


def test_place_names_aws_only_after_a_run_there(monkeypatch: pytest.MonkeyPatch) -> None:
    claim = BY_ID["raw-bytes"]
    assert describe_place(claim) == "embedded stack; not yet run on AWS"
    assert {describe_place(BY_ID[name]) for name in ("web-acl", "quota")} == {"not yet run on AWS"}
    monkeypatch.setattr("operations.verification.catalogue.SEEN_ON_AWS", {"raw-bytes"})
    assert describe_place(claim) == "AWS"


def skip(claim_id: str, **changes: str) -> str:
    """The words with which a claim is skipped on a stack with other parameters."""
    outcome, words = run_claim(Fake().deploy(parameters=PARAMETERS | changes), BY_ID[claim_id])
    assert outcome == "skipped"
    return words


@pytest.mark.parametrize(
    ("claim_id", "changes", "words"),
    [
        ("quota", {"MaxUserImages": "10000"}, "MaxUserImages is 10000"),
        ("quota", {"MaxUserImages": "0"}, "MaxUserImages is 0"),
        ("contention", {"MaxUserImages": "19"}, "MaxUserImages is 19"),
        ("challenge", {"AuthMode": "open"}, "AuthMode is open"),
        ("web-acl", {"AddressRateLimit": "0"}, "AddressRateLimit is 0"),
        ("no-public-access", {"KeptBucketName": "old"}, "the bucket is a kept one"),
        ("backups", {"KeptImagesTableName": "old", "KeptItemsTableName": "old"}, "all tables are kept ones"),
        ("throttling", {}, "nothing was refused"),
        ("metrics", {"Metrics": "disabled"}, "Metrics is disabled"),
        ("alarms", {"AlarmEmail": ""}, "AlarmEmail is empty"),
        ("canary", {"Deployment": "at-once"}, "Deployment is at-once"),
        *((name, {"EventBus": "none"}, "EventBus is none") for name in ("events", "event-source")),
        ("dashboard", {"Dashboard": "disabled"}, "Dashboard is disabled"),
        *((name, {"Cdn": "disabled"}, "Cdn is disabled") for name in BY_ID if name.startswith("cdn-")),
        ("cdn-removal", {"CdnInvalidation": "disabled"}, "CdnInvalidation is disabled"),
        ("cdn-removal", {"CdnSeconds": "60"}, "copies of 60 s"),
    ],
)
def test_claim_that_the_parameters_leave_out_is_skipped(
    claim_id: str, changes: dict[str, str], words: str
) -> None:
    assert words in skip(claim_id, **changes)


def test_full_failure_queue_is_not_touched() -> None:
    fake = Fake()
    fake.call("dynamodb", "put_item", Item={"pk": {"S": "a"}})
    fake.call("dynamodb", "delete_item", Key={"pk": {"S": "a"}})
    outcome, words = run_claim(fake.deploy(), BY_ID["failure-destination"])
    assert (outcome, words.partition(",")[0]) == ("skipped", ": the failure queue has messages of others")
    assert len(fake.messages) == 2


def test_message_that_comes_meanwhile_stops_the_redrive() -> None:
    fake = Fake()

    def add_other(_: object) -> None:
        fake.call("dynamodb", "put_item", Item={"pk": {"S": "a"}})
        fake.call("dynamodb", "delete_item", Key={"pk": {"S": "a"}})

    fake.outputs["s3", "put_object"] = add_other
    assert run_claim(fake.deploy(), BY_ID["failure-destination"])[0] == "skipped"
    assert len(fake.messages) == 3


def test_message_of_others_stays_in_the_queue() -> None:
    fake = Fake()
    fake.call("dynamodb", "put_item", Item={"pk": {"S": "a"}})
    fake.call("dynamodb", "delete_item", Key={"pk": {"S": "a"}})
    assert run_claim(fake.deploy(), BY_ID["poisoned-change"])[0] == "ok"
    assert len(fake.messages) == 2


def test_cold_start_puts_the_version_and_the_description_back() -> None:
    fake = Fake()
    run_claim(fake.deploy(), BY_ID["cold-start"])
    described = [given["Description"] for _, name, given in fake.calls if name.startswith("update_function")]
    assert described == ["The API. (verification)", "The API."]
    served = [given["FunctionVersion"] for _, name, given in fake.calls if name == "update_alias"]
    assert served == ["8", "7"]
    assert [given["Qualifier"] for _, name, given in fake.calls if name == "delete_function"] == ["8"]
