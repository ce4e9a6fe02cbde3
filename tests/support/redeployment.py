"""Deploys the project again into the emulated AWS of a running stack, with other parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local import deployment, sam
from local.build import provide_build
from local.layout import ROOT

if TYPE_CHECKING:
    from local.stack import Stack


def deploy(stack: Stack, parameters: dict[str, str], name: str = deployment.STACK_NAME) -> None:
    """Deploy the stack of this name, which may be new."""
    build = provide_build()
    deployment.empty_bucket(stack.client("s3"), deployment.SETTINGS["s3_bucket"])
    options = [
        *["--config-file", str(ROOT / "samconfig.toml"), "--config-env", "local", "--stack-name", name],
        *["--template-file", str(deployment.write_template(build, parameters))],
        *["--parameter-overrides", *(f"{key}={value}" for key, value in parameters.items())],
    ]
    log = stack.state / "deploy-again.log"
    assert sam.run("deploy", *options, aws=stack.aws, log=log), log.read_text(encoding="utf-8")


def list_parameters(stack: Stack) -> dict[str, str]:
    """Return the parameters that a stack on these ports needs in any case."""
    return deployment.read_parameters() | {"PublicUrl": stack.api_url, "S3PublicUrl": stack.aws_url}
