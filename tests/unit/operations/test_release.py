from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from local.console import Problem
from local.layout import ROOT
from local.template import stamp_parameters
from operations import release
from operations.release import Release, check_names, check_processor, needs_protection, read_release

if TYPE_CHECKING:
    from pathlib import Path

SAMCONFIG = (ROOT / "samconfig.toml").read_text()
LONG = "ap-northeast-1"
DESCRIBED = "      Description: The whole HTTP API.\n"


def test_settings_are_those_of_samconfig() -> None:
    assert read_release("prod", SAMCONFIG) == Release(
        "prod",
        "images-prod",
        parameters={
            "Environment": "prod",
            "LogRetentionDays": "90",
            "Dashboard": "enabled",
            "Deployment": "canary",
        },
    )
    assert read_release("local", SAMCONFIG).region == "us-east-1"


def test_settings_may_be_one_text_and_ask_for_a_container() -> None:
    text = """
    [x.build.parameters]
    use_container = true
    [x.deploy.parameters]
    stack_name = "a"
    parameter_overrides = "Architecture=arm64 'OidcAudience=a b'"
    """
    settings = read_release("x", text)
    assert settings.builds_in_container
    assert (settings.get("Architecture"), settings.get("OidcAudience")) == ("arm64", "a b")
    assert settings.get("Environment") == "dev"


@pytest.mark.parametrize("environment", ["stage", "default"])
def test_environment_without_a_stack_is_a_problem(environment: str) -> None:
    with pytest.raises(Problem, match=f"no stack_name in .{environment}.deploy"):
        read_release(environment, SAMCONFIG)


@pytest.mark.parametrize(
    ("name", "region", "parameters"),
    [
        ("images-prod", "eu-central-1", {}),
        ("a" * 35, LONG, {}),
        ("a" * 40, "us-east-1", {}),
        ("Images", "eu-central-1", {"BucketName": "images"}),
        ("a" * 100, LONG, {"KeptBucketName": "images"}),
    ],
)
def test_names_that_make_a_bucket_name_are_taken(name: str, region: str, parameters: dict[str, str]) -> None:
    check_names(Release("prod", name, parameters=parameters), region)


@pytest.mark.parametrize(
    ("name", "region", "words"),
    [
        ("images", None, "no region is set"),
        ("Images", LONG, "lower case"),
        ("images_prod", LONG, "lower case"),
        ("1images", LONG, "lower case"),
        ("a" * 36, LONG, "at most 35 characters"),
        ("a" * 41, "us-east-1", "at most 40 characters"),
    ],
)
def test_names_that_fail_only_on_aws_are_a_problem(name: str, region: str | None, words: str) -> None:
    with pytest.raises(Problem, match=words):
        check_names(Release("prod", name), region)


@pytest.mark.parametrize(
    ("architecture", "machine", "in_container", "is_taken"),
    [
        ("x86_64", "x86_64", False, True),
        ("x86_64", "AMD64", False, True),
        ("arm64", "aarch64", False, True),
        ("arm64", "arm64", False, True),
        ("arm64", "x86_64", False, False),
        ("x86_64", "aarch64", False, False),
        ("arm64", "x86_64", True, True),
    ],
)
def test_processor_of_the_machine_is_that_of_the_functions(
    architecture: str, machine: str, in_container: bool, is_taken: bool
) -> None:
    settings = Release(
        "dev", "a", parameters={"Architecture": architecture}, builds_in_container=in_container
    )
    if is_taken:
        check_processor(settings, machine)
        return
    with pytest.raises(Problem, match=r"use_container = true in the section \[dev\.build\.parameters\]"):
        check_processor(settings, machine)


def make_stack(environment: str, protection: str, status: str = "CREATE_COMPLETE") -> dict[str, Any]:
    values = {"Environment": environment, "DeletionProtection": protection}
    parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
    return {"StackStatus": status, "Parameters": parameters}


@pytest.mark.parametrize(
    ("environment", "protection", "chosen", "is_needed"),
    [
        ("prod", "disabled", {}, True),
        ("prod", "enabled", {}, False),
        ("prod", "disabled", {"DeletionProtection": "disabled"}, False),
        ("dev", "disabled", {}, False),
    ],
)
def test_data_of_production_are_protected_once_the_stack_is_made(
    environment: str, protection: str, chosen: dict[str, str], is_needed: bool
) -> None:
    settings = Release("prod", "a", parameters=chosen)
    assert needs_protection(make_stack(environment, protection), settings) is is_needed


class Aws:
    """A CloudFormation and a SAM CLI that note what is asked of them."""

    def __init__(self, *stacks: Any) -> None:  # noqa: ANN401 - descriptions, one for each look; None: no stack
        self.stacks = iter(stacks)
        self.done: list[str] = []

    def describe_stacks(self, StackName: str) -> Any:  # noqa: ANN401, N803 - of boto3
        stack = next(self.stacks)
        if isinstance(stack, Exception):
            raise stack
        if stack is None:
            raise ClientError({"Error": {"Code": "ValidationError"}}, StackName)
        return {"Stacks": [stack]}

    def delete_stack(self, StackName: str) -> None:  # noqa: N803 - of boto3
        self.done.append(f"delete {StackName}")

    def get_waiter(self, name: str) -> Any:  # noqa: ANN401 - a waiter
        return SimpleNamespace(wait=lambda StackName: self.done.append(f"{name} {StackName}"))  # noqa: N803

    def run_sam(self, *arguments: str) -> None:
        self.done.append(" ".join(arguments))


@pytest.fixture
def foreign() -> list[str]:
    """The flaws of the build."""
    return []


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The template that `sam build` has written."""
    monkeypatch.setattr(release, "BUILD", tmp_path)
    template = tmp_path / "template.yaml"
    template.write_text(DESCRIBED)
    return template


@pytest.fixture
def deploy(monkeypatch: pytest.MonkeyPatch, foreign: list[str], built: Path) -> Any:  # noqa: ANN401 - a function
    def run(environment: str, *stacks: Any) -> list[str]:  # noqa: ANN401 - see Aws
        aws = Aws(*stacks)
        monkeypatch.setattr(boto3, "client", lambda *_, **__: aws)
        monkeypatch.setattr(release, "run_sam", aws.run_sam)
        monkeypatch.setattr(release, "compile_modules", lambda: aws.done.append("compile"))
        monkeypatch.setattr(release, "find_foreign_binaries", lambda *_: foreign)
        built.write_text(DESCRIBED)
        release.deploy(environment)
        return aws.done

    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    return run


STEPS = ["build --config-env {0}", "compile", "deploy --config-env {0}"]
PROTECT = "deploy --config-env prod --no-confirm-changeset --parameter-overrides DeletionProtection=enabled"


def list_steps(environment: str) -> list[str]:
    return [step.format(environment) for step in STEPS]


def test_deployment_is_built_checked_and_deployed(deploy: Any) -> None:  # noqa: ANN401 - the fixture
    assert deploy("dev", None, make_stack("dev", "disabled")) == list_steps("dev")


def test_first_deployment_to_production_protects_the_data_afterwards(deploy: Any) -> None:  # noqa: ANN401
    assert deploy("prod", None, make_stack("prod", "disabled")) == [*list_steps("prod"), PROTECT]
    stack = make_stack("prod", "enabled")
    assert deploy("prod", stack, stack) == list_steps("prod")


def test_empty_stack_of_a_failed_first_deployment_is_removed(deploy: Any) -> None:  # noqa: ANN401
    failed = make_stack("dev", "disabled", "ROLLBACK_COMPLETE")
    done = deploy("dev", failed, make_stack("dev", "disabled"))
    assert done == ["delete images-dev", "stack_delete_complete images-dev", *list_steps("dev")]


def test_other_parameters_make_another_version_of_the_api(deploy: Any, built: Path) -> None:  # noqa: ANN401
    """The parameters are those of the stack, unless samconfig.toml sets them."""
    stamps = []
    for protection in ("disabled", "disabled", "enabled"):
        stack = make_stack("dev", protection)
        deploy("dev", stack, stack)
        stamps.append(built.read_text())
    assert stamps[0] == stamps[1] != stamps[2]
    assert stamps[0].startswith("      Description: The whole HTTP API. Parameters ")


def test_build_without_the_function_of_the_api_is_not_stamped() -> None:
    with pytest.raises(ValueError, match="does not describe the function"):
        stamp_parameters("Resources: {}", {})


@pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "UPDATE_COMPLETE"])
def test_stack_that_may_hold_data_is_never_removed(deploy: Any, status: str) -> None:  # noqa: ANN401
    stack = make_stack("dev", "disabled", status)
    assert deploy("dev", stack, stack) == list_steps("dev")


def test_build_that_lambda_cannot_load_is_not_deployed(deploy: Any, foreign: list[str]) -> None:  # noqa: ANN401
    foreign.append("a.so needs glibc 2.38")
    with pytest.raises(Problem, match=r"a\.so needs glibc 2\.38; build on Amazon Linux 2023"):
        deploy("dev", None)


def test_missing_credentials_are_a_problem_before_anything_is_built(deploy: Any) -> None:  # noqa: ANN401
    with pytest.raises(Problem, match="credentials"):
        deploy("dev", NoCredentialsError())


def test_command_that_fails_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    paths: list[str] = []

    def run(command: list[Any], **options: Any) -> Any:  # noqa: ANN401 - of subprocess
        paths.append(options.get("env", {}).get("PATH", ""))
        return SimpleNamespace(returncode=len(command))

    monkeypatch.setattr("subprocess.run", run)
    with pytest.raises(Problem, match="sam build failed"):
        release.run_sam("build")
    with pytest.raises(Problem, match="could not be compiled"):
        release.compile_modules()
    assert paths[0].startswith(str(ROOT / ".local/env/python/bin"))
