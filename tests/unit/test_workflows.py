"""The workflows of GitHub: what they may do, and that the commands they call exist."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from local.layout import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yaml"))
MAKE = re.compile(r"\bmake ([a-z-]+)")
PINNED = re.compile(r"[\w./-]+@[0-9a-f]{40}")
KEYS = {"name", "runs-on", "timeout-minutes", "environment", "permissions", "needs", "if", "outputs", "steps"}


def read(name: str) -> Any:  # noqa: ANN401 - YAML
    # YAML 1.1 reads `on` as true.
    return yaml.safe_load((ROOT / ".github/workflows" / name).read_text())


def list_steps(workflow: Any) -> list[Any]:  # noqa: ANN401 - YAML
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


DEPLOY = read("deploy.yaml")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_is_whole_and_calls_only_commands_that_exist(path: Any) -> None:  # noqa: ANN401 - a path
    workflow = read(path.name)
    assert workflow.keys() <= {"name", True, "permissions", "concurrency", "env", "jobs"}
    assert workflow["permissions"] == {"contents": "read"}
    targets = {*re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)}
    for job in workflow["jobs"].values():
        assert job.keys() <= KEYS
        assert 0 < job["timeout-minutes"] <= 60
        assert {job["needs"]} <= workflow["jobs"].keys() if "needs" in job else True
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step)
            assert {*MAKE.findall(step.get("run", ""))} <= targets


def test_no_workflow_holds_or_reads_a_secret() -> None:
    for path in WORKFLOWS:
        text = path.read_text()
        assert "secrets." not in text
        assert not re.search(r"AKIA|aws-secret-access-key|arn:aws:iam::\d", text)


def test_actions_beside_credentials_are_pinned_by_their_commit() -> None:
    used = [step["uses"] for step in list_steps(DEPLOY) if "uses" in step]
    assert used
    assert all(PINNED.fullmatch(name) for name in used)


def test_only_the_jobs_that_need_aws_get_a_token_of_the_repository() -> None:
    for job in DEPLOY["jobs"].values():
        assert job["permissions"] == {"contents": "read", "id-token": "write"}
        (assume,) = [step for step in job["steps"] if "configure-aws" in step.get("uses", "")]
        assert assume["with"]["role-to-assume"].startswith("${{ vars.")


def test_change_set_is_shown_in_one_job_and_approved_before_the_other() -> None:
    first, second = DEPLOY["jobs"]["prepare"], DEPLOY["jobs"]["execute"]
    assert second["needs"] == "prepare"
    assert "production" in second["environment"]
    commands = [[step["run"].split()[1] for step in job["steps"] if "run" in step] for job in (first, second)]
    assert commands == [["lint", "test", "prepare"], ["execute", "smoke"]]


def test_tests_run_before_the_job_has_credentials() -> None:
    steps = [step.get("run", step.get("uses", "")) for step in DEPLOY["jobs"]["prepare"]["steps"]]
    order = [
        next(i for i, step in enumerate(steps) if word in step) for word in ("make test", "configure-aws")
    ]
    assert order == sorted(order)


def test_input_reaches_the_shell_through_variables_alone() -> None:
    assert all("${{" not in step.get("run", "") for step in list_steps(DEPLOY))


def test_environments_are_those_of_samconfig() -> None:
    options = DEPLOY[True]["workflow_dispatch"]["inputs"]["environment"]["options"]
    samconfig = (ROOT / "samconfig.toml").read_text()
    assert all(f'stack_name = "images-{name}"' in samconfig for name in options)
