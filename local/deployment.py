"""Deploys the project's CloudFormation stack into the emulated AWS with SAM, if something has changed."""

import hashlib
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local import sam
from local.console import Problem, read_last_line, step
from local.layout import ROOT
from local.template import stamp_parameters

EXPIRY_ATTRIBUTE = "expires_at"  # as in the template
UPDATABLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}

type Client = Callable[[str], Any]  # a service's name → its client


def read_settings() -> dict[str, Any]:
    """Read the deployment parameters of the local stack from samconfig.toml."""
    config = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    settings: dict[str, Any] = config["local"]["deploy"]["parameters"]
    return settings


SETTINGS = read_settings()
STACK_NAME: str = SETTINGS["stack_name"]


def read_parameters() -> dict[str, str]:
    """Return the template's parameters for the local stack."""
    return dict(pair.split("=", 1) for pair in SETTINGS["parameter_overrides"])


def deploy(build: Path, parameters: dict[str, str], client: Client, aws: dict[str, str], log: Path) -> None:
    """Deploy this build with these parameters, unless the stack is up to date."""
    stack = describe(client)
    if not (stack and is_current(stack, build, parameters)):
        replace(stack, build, parameters, client, aws, log)
    enable_expiry(client)


def replace(  # noqa: PLR0913, PLR0917 - a deployment needs all of them
    stack: dict[str, Any] | None,
    build: Path,
    parameters: dict[str, str],
    client: Client,
    aws: dict[str, str],
    log: Path,
) -> None:
    """Deploy. Update the existing stack if possible, and otherwise delete it first."""
    if stack and stack["StackStatus"] not in UPDATABLE:
        client("cloudformation").delete_stack(StackName=STACK_NAME)
    with step("Deploying the stack (sam deploy)"):
        empty_bucket(client("s3"), SETTINGS["s3_bucket"])
        options = [
            *["--config-file", str(ROOT / "samconfig.toml"), "--config-env", "local"],
            *["--template-file", str(write_template(build, parameters)), "--tags", f"build={build.name}"],
            *["--parameter-overrides", *(f'{name}="{value}"' for name, value in parameters.items())],
        ]
        if not sam.run("deploy", *options, aws=aws, log=log):
            reason = find_reason(client) or read_last_line(log)
            raise Problem(f"sam deploy failed: {reason} (full log: {log})")


def write_template(build: Path, parameters: dict[str, str]) -> Path:
    """Write the template of a build with these parameters, and return its path."""
    template = stamp_parameters((build / "packed.yaml").read_text(encoding="utf-8"), parameters)
    stamped = build / f"packed-{hashlib.sha256(template.encode()).hexdigest()[:12]}.yaml"
    stamped.write_text(template, encoding="utf-8")
    return stamped


def enable_expiry(client: Client) -> None:
    """Switch on the expiry of rows, because MiniStack ignores a table's `TimeToLiveSpecification`."""
    outputs = read_outputs(client)
    for table in ("ImagesTableName", "ItemsTableName", "IdempotencyTableName"):
        client("dynamodb").update_time_to_live(
            TableName=outputs[table],
            TimeToLiveSpecification={"AttributeName": EXPIRY_ATTRIBUTE, "Enabled": True},
        )


def empty_bucket(s3: Any, name: str) -> None:  # noqa: ANN401 # the client of a service has no type here
    """Create the bucket for the files of deployments, and delete the files of the last one."""
    s3.create_bucket(Bucket=name)
    for item in s3.list_objects_v2(Bucket=name).get("Contents", []):
        s3.delete_object(Bucket=name, Key=item["Key"])


def is_current(stack: dict[str, Any], build: Path, parameters: dict[str, str]) -> bool:
    """Tell if the stack was deployed from this build with these parameters."""
    present = {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in stack["Parameters"]}
    return (
        stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
        and {"Key": "build", "Value": build.name} in stack["Tags"]
        and parameters.items() <= present.items()
    )


def describe(client: Client, name: str = STACK_NAME) -> dict[str, Any] | None:
    """Return CloudFormation's description of a stack. None if there is no such stack."""
    try:
        stacks: list[dict[str, Any]] = client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError:
        return None
    return stacks[0]


def find_reason(client: Client) -> str | None:
    """Return the reason of the first resource that failed. None if no resource failed."""
    try:
        events = client("cloudformation").describe_stack_events(StackName=STACK_NAME)["StackEvents"]
    except ClientError:
        return None
    reasons = [
        f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
        for event in events
        if event["ResourceStatus"].endswith("_FAILED") and event.get("ResourceStatusReason")
    ]
    return reasons[-1] if reasons else None


def read_outputs(client: Client, name: str = STACK_NAME) -> dict[str, str]:
    """Return the outputs of a stack by name."""
    stack = describe(client, name) or {}
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
