"""Runs the SAM CLI from its own environment."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from local import commands
from local.layout import FUNCTION_PYTHON, LOCAL, ROOT, SAM

FOREIGN = ("AWS_", "PYTHON", "SAM_")  # variables with these prefixes are meant for other programs


def make_environment(aws: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for SAM: that of this process, with only these AWS settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {
        **inherited,
        **aws,
        # The builder looks for a python3.13 that has pip.
        "PATH": os.pathsep.join([str(FUNCTION_PYTHON.parent), inherited.get("PATH", os.defpath)]),
        "NO_PROXY": ",".join(["localhost", inherited.get("NO_PROXY", inherited.get("no_proxy", ""))]),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.2",  # seconds between polls of a deployment, instead of five
        "__SAM_CLI_APP_DIR": str(LOCAL / "sam"),
    }


def run(*arguments: str, aws: Mapping[str, str], log: Path) -> bool:
    """Run a command to its end, and write its output to the log. Tell if it succeeded."""
    with log.open("w", encoding="utf-8") as output:
        process = start(*arguments, aws=aws, output=output.fileno())
        try:
            return process.wait() == 0
        finally:
            commands.stop(process)


def capture(*arguments: str, aws: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and capture its output."""
    return commands.run(SAM, *arguments, cwd=ROOT, env=make_environment(aws), stdin=subprocess.DEVNULL)


def start(*arguments: str, aws: Mapping[str, str], output: int | None = None) -> subprocess.Popen[bytes]:
    """Start a command. Without `output`, it writes to the terminal."""
    return commands.start(
        SAM,
        *arguments,
        cwd=ROOT,
        env=make_environment(aws),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
    )
