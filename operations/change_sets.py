"""Prepares a deployment as a change set of CloudFormation, which a person reads before it is executed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import WaiterError

from local.console import Problem
from local.layout import ROOT
from operations.release import (
    build,
    check_names,
    check_processor,
    find,
    needs_protection,
    read_release,
    remove_failed_creation,
    run_sam,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from operations.release import Release

AVAILABLE = "AVAILABLE"
MADE = "REVIEW_IN_PROGRESS"
"""The status of a stack that its first change set will make."""
LOSSES = {"Remove", "Replace", "Dynamic"}


def prepare(environment: str, machine: str, output: Path | None = None) -> str | None:
    """Build, check, make a change set, and print its changes. Return its ARN. None: nothing changes.

    `output` is a file of GitHub Actions, which gets the ARN for the next job.
    """
    release, cloudformation = _open(environment)
    check_names(release, cloudformation.meta.region_name)
    check_processor(release, machine)
    build(release, remove_failed_creation(cloudformation, release.stack_name))
    known = {each["ChangeSetId"] for each in list_change_sets(cloudformation, release.stack_name)}
    run_sam("deploy", "--config-env", environment, "--no-execute-changeset", "--no-confirm-changeset")
    found = find_change_set(cloudformation, release.stack_name, known)
    if found is None:
        print("There is nothing to change.")
        return None
    print(*describe_changes(cloudformation, found), sep="\n")
    print(f"Execute it with: make execute ENV={environment} CHANGE_SET={found}")
    if output:
        with output.open("a", encoding="utf-8") as file:
            file.write(f"change-set={found}\n")
    return found


def execute(environment: str, change_set: str) -> None:
    """Execute a change set that somebody has read, and wait for its end."""
    release, cloudformation = _open(environment)
    stack = find(cloudformation, release.stack_name)
    kind = "create" if stack and stack["StackStatus"] == MADE else "update"
    cloudformation.execute_change_set(StackName=release.stack_name, ChangeSetName=change_set)
    try:
        cloudformation.get_waiter(f"stack_{kind}_complete").wait(StackName=release.stack_name)
    except WaiterError as error:
        stack = find(cloudformation, release.stack_name)
        status = stack["StackStatus"] if stack else "gone"
        raise Problem(
            f"the deployment failed: {release.stack_name} is {status}; docs/releases.md says where to look"
        ) from error
    stack = find(cloudformation, release.stack_name)
    print(f"{release.stack_name} is deployed.")
    if stack and needs_protection(stack, release):
        print(f"Its data are not protected from deletion yet. Run make deploy ENV={environment} once.")


def list_change_sets(cloudformation: Any, stack_name: str) -> list[Any]:  # noqa: ANN401 - a client
    """Return the change sets that can be executed. A stack that is not there has none."""
    if find(cloudformation, stack_name) is None:
        return []
    pages = cloudformation.get_paginator("list_change_sets").paginate(StackName=stack_name)
    return [each for page in pages for each in page["Summaries"] if each["ExecutionStatus"] == AVAILABLE]


def find_change_set(
    cloudformation: Any,  # noqa: ANN401 - a client
    stack_name: str,
    known: Collection[str],
) -> str | None:
    """Return the newest change set that can be executed and was not known before."""
    ready = [
        each for each in list_change_sets(cloudformation, stack_name) if each["ChangeSetId"] not in known
    ]
    newest = max(ready, key=lambda each: each["CreationTime"], default=None)
    return str(newest["ChangeSetId"]) if newest else None


def describe_changes(cloudformation: Any, change_set: str) -> Iterator[str]:  # noqa: ANN401 - a client
    """Yield a line for each change. Those that may lose something come first."""
    pages = cloudformation.get_paginator("describe_change_set").paginate(ChangeSetName=change_set)
    changes = [each["ResourceChange"] for page in pages for each in page["Changes"]]
    for change in sorted(changes, key=lambda each: (not _may_lose(each), each["LogicalResourceId"])):
        mark = "!" if _may_lose(change) else " "
        name, kind = change["LogicalResourceId"], change["ResourceType"]
        yield f"{mark} {_name_action(change):<18} {name} ({kind})"
    losses = sum(_may_lose(change) for change in changes)
    yield f"{len(changes)} changes, {losses} that remove or replace a resource"


def _name_action(change: Mapping[str, str]) -> str:
    replacement = change.get("Replacement", "False")
    if change["Action"] != "Modify" or replacement == "False":
        return change["Action"]
    return "Replace" if replacement == "True" else "Replace perhaps"


def _may_lose(change: Mapping[str, str]) -> bool:
    return change["Action"] in LOSSES or change.get("Replacement", "False") != "False"


def _open(environment: str) -> tuple[Release, Any]:
    release = read_release(environment, (ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    region = release.region or boto3.Session().region_name
    return release, boto3.client("cloudformation", region_name=region)
