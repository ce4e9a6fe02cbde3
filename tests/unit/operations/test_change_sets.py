from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import WaiterError

from local.console import Problem
from operations import change_sets
from operations.change_sets import describe_changes, execute, find_change_set, prepare

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STACK = {
    "StackStatus": "UPDATE_COMPLETE",
    "Parameters": [
        {"ParameterKey": "Environment", "ParameterValue": "prod"},
        {"ParameterKey": "DeletionProtection", "ParameterValue": "enabled"},
    ],
}
CHANGES = [
    ("Modify", "False", "ApiFunction"),
    ("Add", None, "Alarm"),
    ("Modify", "True", "ImagesTable"),
    ("Modify", "Conditional", "Bucket"),
    ("Remove", None, "Topic"),
]


class Aws:
    """A CloudFormation that has these change sets."""

    def __init__(self, *summaries: tuple[str, int, str]) -> None:
        self.summaries = summaries
        self.stack: Any = dict(STACK)
        self.fails = False
        self.done: list[str] = []
        self.meta = SimpleNamespace(region_name="eu-central-1")

    def describe_stacks(self, StackName: str) -> Any:  # noqa: ANN401, ARG002, N803 - of boto3
        return {"Stacks": [self.stack]}

    def get_paginator(self, name: str) -> Any:  # noqa: ANN401 - a paginator
        return SimpleNamespace(paginate=lambda **_: self._page(name))

    def _page(self, name: str) -> Iterator[Any]:
        if name == "list_change_sets":
            for change_set, hour, status in self.summaries:
                created = datetime(2026, 11, 28, hour, tzinfo=UTC)
                yield {
                    "Summaries": [
                        {"ChangeSetId": change_set, "CreationTime": created, "ExecutionStatus": status}
                    ]
                }
            return
        for action, replacement, resource in CHANGES:
            change = {"Action": action, "LogicalResourceId": resource, "ResourceType": "AWS::X"}
            yield {
                "Changes": [
                    {"ResourceChange": change | ({"Replacement": replacement} if replacement else {})}
                ]
            }

    def execute_change_set(self, StackName: str, ChangeSetName: str) -> None:  # noqa: N803 - of boto3
        self.done.append(f"execute {StackName} {ChangeSetName}")

    def get_waiter(self, name: str) -> Any:  # noqa: ANN401 - a waiter
        def wait(StackName: str) -> None:  # noqa: N803 - of boto3
            self.done.append(f"{name} {StackName}")
            if self.fails:
                self.stack["StackStatus"] = "UPDATE_ROLLBACK_COMPLETE"
                raise WaiterError(name, "terminal failure", {})

        return SimpleNamespace(wait=wait)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401 - a function
    def serve(aws: Aws, *, made: str = "") -> Aws:
        """`made` is the change set that a deployment makes."""

        def run_sam(*words: str) -> None:
            aws.done.append(" ".join(words))
            if made:
                aws.summaries = (*aws.summaries, (made, 2, "AVAILABLE"))

        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        monkeypatch.setattr(boto3, "client", lambda *_, **__: aws)
        monkeypatch.setattr(
            change_sets, "build", lambda release, _: aws.done.append(f"build {release.environment}")
        )
        monkeypatch.setattr(change_sets, "run_sam", run_sam)
        return aws

    return serve


def test_newest_change_set_that_can_be_executed_is_found() -> None:
    summaries = [("old", 1, "AVAILABLE"), ("new", 2, "AVAILABLE"), ("used", 3, "EXECUTE_COMPLETE")]
    assert find_change_set(Aws(*summaries), "a", ()) == "new"
    assert find_change_set(Aws(*summaries), "a", {"new"}) == "old"
    assert find_change_set(Aws(("empty", 1, "UNAVAILABLE")), "a", ()) is None


def test_changes_that_may_lose_something_come_first_and_are_marked() -> None:
    lines = [*describe_changes(Aws(), "new")]
    assert [line.split() for line in lines[:-1]] == [
        ["!", "Replace", "perhaps", "Bucket", "(AWS::X)"],
        ["!", "Replace", "ImagesTable", "(AWS::X)"],
        ["!", "Remove", "Topic", "(AWS::X)"],
        ["Add", "Alarm", "(AWS::X)"],
        ["Modify", "ApiFunction", "(AWS::X)"],
    ]
    assert lines[-1] == "5 changes, 3 that remove or replace a resource"


def test_change_set_is_made_shown_and_not_executed(
    serve: Any,  # noqa: ANN401 - the fixture
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    aws = serve(Aws(("old", 1, "AVAILABLE")), made="new")
    assert prepare("prod", "x86_64", tmp_path / "output") == "new"
    assert aws.done == [
        "build prod",
        "deploy --config-env prod --no-execute-changeset --no-confirm-changeset",
    ]
    assert (tmp_path / "output").read_text() == "change-set=new\n"
    assert "make execute ENV=prod CHANGE_SET=new" in capsys.readouterr().out


def test_deployment_without_a_change_says_so(serve: Any, tmp_path: Path) -> None:  # noqa: ANN401 - the fixture
    """An older change set, which nobody has approved, is not taken for this one."""
    serve(Aws(("old", 1, "AVAILABLE")))
    assert prepare("dev", "x86_64", tmp_path / "output") is None
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize(
    ("status", "kind"), [("REVIEW_IN_PROGRESS", "create"), ("UPDATE_COMPLETE", "update")]
)
def test_change_set_is_executed_and_awaited(serve: Any, status: str, kind: str) -> None:  # noqa: ANN401
    aws = serve(Aws())
    aws.stack["StackStatus"] = status
    execute("prod", "new")
    assert aws.done == ["execute images-prod new", f"stack_{kind}_complete images-prod"]


def test_deployment_that_is_rolled_back_is_a_problem(serve: Any) -> None:  # noqa: ANN401 - the fixture
    aws = serve(Aws())
    aws.fails = True
    with pytest.raises(Problem, match="images-prod is UPDATE_ROLLBACK_COMPLETE"):
        execute("prod", "new")


def test_first_deployment_says_that_the_data_are_not_protected(
    serve: Any,  # noqa: ANN401 - the fixture
    capsys: pytest.CaptureFixture[str],
) -> None:
    aws = serve(Aws())
    aws.stack["Parameters"] = [
        {"ParameterKey": "Environment", "ParameterValue": "prod"},
        {"ParameterKey": "DeletionProtection", "ParameterValue": "disabled"},
    ]
    execute("prod", "new")
    assert "Run make deploy ENV=prod once" in capsys.readouterr().out
