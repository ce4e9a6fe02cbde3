"""A whole stack on this machine: an emulated AWS, the project deployed in it, and a port for the API."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from local import deployment
from local.build import provide_build
from local.console import Problem
from local.http import OK, fetch
from local.launcher import SAVE, provide_credentials, run_emulator
from local.layout import locate_state
from local.loopback import require_free_port
from local.recovery import send_lost_events

REGION = "us-east-1"
SAM_LOCAL_URL = "http://localhost:3001"  # as in samconfig.toml, for who uses the SAM CLI directly


@dataclass(frozen=True)
class Stack:
    """A running stack: its URLs, its outputs, its logs, and clients of its services."""

    port: int
    aws_port: int
    state: Path

    @property
    def api_url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def aws_url(self) -> str:
        return f"http://localhost:{self.aws_port}"

    @property
    def log(self) -> Path:
        """The log of the emulated AWS."""
        return self.state / "emulator.log"

    def is_running(self) -> bool:
        return fetch(f"{self.aws_url}/_ministack/ready").status == OK

    @cached_property
    def credentials(self) -> dict[str, str]:
        """Environment variables with the credentials of this stack's root user."""
        return provide_credentials(self.state)

    @property
    def aws(self) -> dict[str, str]:
        """Environment variables that make AWS's tools use this stack."""
        return {**self.credentials, "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": self.aws_url}

    @cached_property
    def outputs(self) -> dict[str, str]:
        """Outputs of the CloudFormation stack."""
        return deployment.read_outputs(self.client)

    def client(self, service: str) -> Any:  # noqa: ANN401 # the type depends on the service
        """Make a client of a service, with the rights of the root user."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.aws_url,
            aws_access_key_id=self.credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.credentials["AWS_SECRET_ACCESS_KEY"],
            config=Config(proxies={}, signature_version="s3v4" if service == "s3" else None),
        )

    def read_logs(self, function: str) -> list[str]:
        """Return the log lines of a function (`api`, `processor`, `changes`), oldest first."""
        group = f"/aws/lambda/{deployment.STACK_NAME}/{function}"
        pages = self.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        return [event["message"] for page in pages for event in page["events"]]

    def read_variables(self) -> dict[str, dict[str, str]]:
        """Return the environment variables of each deployed function, by its name in the template."""
        functions = self.client("lambda")
        names = {
            key.removesuffix("Name"): name
            for key, name in self.outputs.items()
            if key.endswith("FunctionName")
        }
        return {
            key: functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
            for key, name in names.items()
        }

    def warm(self) -> None:
        """Start the processor and the changes function now, so that no upload has to wait for their start."""
        for output in ("ProcessorFunctionName", "ChangesFunctionName"):
            self.client("lambda").invoke(
                FunctionName=self.outputs[output], InvocationType="Event", Payload=b'{"Records": []}'
            )

    def write_shell_settings(self) -> None:
        """Write a script that sets the variables of `aws` in a shell."""
        path = self.state / "aws.sh"
        path.touch(mode=0o600)
        path.write_text(
            "".join(f"export {name}='{value}'\n" for name, value in self.aws.items()), encoding="utf-8"
        )

    def write_variables(self, path: Path, public_url: str = SAM_LOCAL_URL) -> None:
        """Write the variables of the functions in the format of `sam local --env-vars`."""
        variables = self.read_variables()
        for values in variables.values():
            values["AWS_ENDPOINT_URL"] = f"http://host.docker.internal:{self.aws_port}"
        api = variables["ApiFunction"]
        api["PUBLIC_URL"] = public_url
        api["SIGNER_ROLE"] = ""  # `sam local` runs with the credentials of the root user, who takes no roles
        api["OIDC_DISCOVERY_URL"] = api["OIDC_DISCOVERY_URL"].replace("localhost", "host.docker.internal")
        api["PAGE_CLIENT_PARAMETER"] = ""  # people who sign in come back to the stack itself
        path.write_text(json.dumps(variables, indent=2), encoding="utf-8")


@contextmanager
def run_stack(  # noqa: PLR0913 - the settings of a stack
    port: int,
    aws_port: int,
    state: Path | None = None,
    *,
    auth_mode: str = "open",
    webhook_url: str = "",
    quiet: bool = False,
) -> Iterator[Stack]:
    """Start a stack, deploy the project in it, and stop it after the block. `state` is its data folder."""
    stack = Stack(port, aws_port, state or locate_state(aws_port))
    require_free_port(port, "PORT")
    require_free_port(aws_port, "AWS_PORT")
    build = provide_build()
    parameters = deployment.read_parameters() | {
        "AuthMode": auth_mode,
        "WebhookUrl": webhook_url,
        "PublicUrl": stack.api_url,
        "S3PublicUrl": stack.aws_url,
    }
    with run_emulator(port, aws_port, stack.state, parameters["DomainName"], quiet=quiet) as emulator:
        deployment.deploy(build, parameters, stack.client, stack.aws, stack.state / "deploy.log")
        emulator.send_signal(SAVE)
        reply = fetch(f"{stack.api_url}/health")
        if reply.status != OK:
            raise Problem(
                f"GET {stack.api_url}/health returned {reply.status}, {reply.text} (full log: {stack.log})"
            )
        stack.warm()
        send_lost_events(stack.client, stack.outputs)
        stack.write_shell_settings()
        stack.write_variables(stack.state / "functions.json")
        yield stack


def find_stack(aws_port: int) -> Stack:
    """Find a stack that another process runs."""
    stack = Stack(0, aws_port, locate_state(aws_port))
    if not (stack.state.exists() and stack.is_running()):
        raise Problem(f"no stack runs with AWS_PORT={aws_port}; run make start in another terminal first")
    return stack
