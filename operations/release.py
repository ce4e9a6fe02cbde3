"""Builds and deploys to AWS with the SAM CLI, after checks of what would fail only there."""

from __future__ import annotations

import os
import platform
import re
import shlex
import subprocess
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError

from local.console import Problem
from local.deployment import describe
from local.layout import FUNCTION_PYTHON, ROOT, SAM
from local.template import read_template, stamp_parameters
from operations.binaries import MACHINES, find_foreign_binaries

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BUILD = ROOT / ".aws-sam" / "build"
MAX_BUCKET_NAME_CHARS = 63
ACCOUNT_CHARS = 12
CREATION_FAILED = "ROLLBACK_COMPLETE"
REBUILD = (
    "build on Amazon Linux 2023, or on another Linux with glibc 2.34 or older, with the processor of the "
    "functions; or let SAM build in a container, with use_container = true in the section "
    "[{environment}.build.parameters] of samconfig.toml"
)


@dataclass(frozen=True)
class Release:
    """The settings of an environment in samconfig.toml."""

    environment: str
    stack_name: str
    region: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Only those that samconfig.toml sets."""
    builds_in_container: bool = False

    def get(self, parameter: str) -> str:
        """Return the value of a parameter at the first deployment."""
        return self.parameters.get(parameter, str(read_template()["Parameters"][parameter]["Default"]))


def deploy(environment: str) -> None:
    """Build, check and deploy."""
    release = read_release(environment, (ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    region = release.region or boto3.Session().region_name
    check_names(release, region)
    check_processor(release, platform.machine())
    cloudformation = boto3.client("cloudformation", region_name=region)
    build(release, remove_failed_creation(cloudformation, release.stack_name))
    run_sam("deploy", "--config-env", environment)
    stack = find(cloudformation, release.stack_name)
    if stack and needs_protection(stack, release):
        print("The stack is made. Now its data are protected from deletion.", flush=True)
        run_sam(
            *("deploy", "--config-env", environment, "--no-confirm-changeset"),
            *("--parameter-overrides", "DeletionProtection=enabled"),
        )


def build(release: Release, stack: Mapping[str, Any] | None) -> None:
    """Build and check for `sam deploy`. The stack is the present one, if there is one."""
    run_sam("build", "--config-env", release.environment)
    if foreign := find_foreign_binaries(BUILD, release.get("Architecture")):
        raise Problem(f"the build does not run on Lambda: {'; '.join(foreign)}; {_rebuild(release)}")
    compile_modules()
    template = BUILD / "template.yaml"
    parameters = list_parameters(release, stack)
    template.write_text(stamp_parameters(template.read_text(encoding="utf-8"), parameters), encoding="utf-8")


def list_parameters(release: Release, stack: Mapping[str, Any] | None) -> dict[str, str]:
    """Return all parameters after the deployment. SAM keeps what samconfig.toml does not set."""
    present = read_parameters(stack) if stack else {}
    defaults = {name: str(each["Default"]) for name, each in read_template()["Parameters"].items()}
    chosen = {**defaults, **present, **release.parameters}
    return {name: chosen[name] for name in defaults}


def read_parameters(stack: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters of a stack, as CloudFormation describes it."""
    return {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}


def read_release(environment: str, samconfig: str) -> Release:
    """Read the settings of an environment. Raises Problem if it has none."""
    sections = tomllib.loads(samconfig).get(environment, {})
    settings = sections.get("deploy", {}).get("parameters", {})
    if "stack_name" not in settings:
        raise Problem(f"samconfig.toml has no stack_name in [{environment}.deploy.parameters]")
    overrides = settings.get("parameter_overrides", [])
    pairs = shlex.split(overrides) if isinstance(overrides, str) else overrides
    return Release(
        environment,
        settings["stack_name"],
        settings.get("region"),
        dict(pair.split("=", 1) for pair in pairs),
        bool(sections.get("build", {}).get("parameters", {}).get("use_container")),
    )


def check_names(release: Release, region: str | None) -> None:
    """Raise a Problem if the bucket could not get its name. It is `<stack>-<account>-<region>`."""
    if not region:
        raise Problem(
            "no region is set; run export AWS_REGION=..., with the region that you want to deploy to"
        )
    if release.get("BucketName") or release.get("KeptBucketName"):
        return
    if not re.fullmatch(r"[a-z][a-z0-9-]*", release.stack_name):
        raise Problem(
            f"the stack is named {release.stack_name}, but a bucket cannot be named after it; use lower case "
            "letters, digits and hyphens in stack_name, or set the parameter BucketName"
        )
    most = MAX_BUCKET_NAME_CHARS - ACCOUNT_CHARS - len(region) - 2
    if len(release.stack_name) > most:
        raise Problem(
            f"the name {release.stack_name} is too long for a bucket in {region}; use at most {most} "
            "characters in stack_name, or set the parameter BucketName"
        )


def check_processor(release: Release, machine: str) -> None:
    """Raise a Problem if this machine builds for another processor than that of the functions."""
    wanted = release.get("Architecture")
    if not release.builds_in_container and machine.lower() not in MACHINES[wanted].names:
        raise Problem(f"the functions are for {wanted}, but this machine is {machine}; {_rebuild(release)}")


def _rebuild(release: Release) -> str:
    return REBUILD.format(environment=release.environment)


def find(cloudformation: Any, stack_name: str) -> Mapping[str, Any] | None:  # noqa: ANN401 - a client
    """Return CloudFormation's description of a stack. None if there is no such stack."""
    try:
        return describe(lambda _: cloudformation, stack_name)
    except BotoCoreError as error:
        raise Problem(f"AWS cannot be asked for the stack: {error}") from error


def remove_failed_creation(cloudformation: Any, stack_name: str) -> Mapping[str, Any] | None:  # noqa: ANN401 - a client
    """Remove the stack that a failed first deployment leaves: it has no resources, and blocks the next.

    Return any other stack.
    """
    stack = find(cloudformation, stack_name)
    if stack and stack["StackStatus"] == CREATION_FAILED:
        print(f"The first deployment of {stack_name} has failed. Its empty stack is removed.", flush=True)
        cloudformation.delete_stack(StackName=stack_name)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack_name)
        return None
    return stack


def needs_protection(stack: Mapping[str, Any], release: Release) -> bool:
    """Tell if the data of a stack that was just deployed are to be protected now.

    They are not before, because a first deployment that fails could then not be undone.
    """
    parameters = read_parameters(stack)
    return (
        parameters["Environment"] == "prod"
        and parameters["DeletionProtection"] == "disabled"
        and "DeletionProtection" not in release.parameters
    )


def run_sam(*arguments: str) -> None:
    """Run the SAM CLI at the terminal. Raises Problem if it fails."""
    # `sam build` looks for a python3.13 that has pip.
    path = os.pathsep.join([str(FUNCTION_PYTHON.parent), os.environ.get("PATH", os.defpath)])
    ran = subprocess.run([SAM, *arguments], cwd=ROOT, env={**os.environ, "PATH": path}, check=False)  # noqa: S603
    if ran.returncode:
        raise Problem(f"sam {arguments[0]} failed; its messages are above")


def compile_modules() -> None:
    """Compile the modules of the build, so that a function does not compile them at each start."""
    command: list[str | Path] = [
        FUNCTION_PYTHON,
        "-m",
        "compileall",
        "-q",
        "--invalidation-mode",
        "unchecked-hash",
        BUILD,
    ]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:  # noqa: S603 - our own
        raise Problem("the modules of the build could not be compiled; the messages are above")
