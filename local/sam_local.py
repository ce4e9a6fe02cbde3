"""Runs the functions in Docker with `sam local`, against the emulated AWS of a running stack."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local import commands, sam
from local.build import provide_build
from local.console import Problem, read_last_line, step
from local.http import fetch
from local.layout import ROOT
from local.loopback import check_port
from local.relay import run_relay
from local.stack import Stack

IMAGE = "public.ecr.aws/lambda/python:3.13-x86_64"
PATIENCE = 180.0


def check_engine() -> None:
    """Raise a Problem if Docker does not respond. A missing image is no problem: Docker may pull it."""
    try:
        responds = commands.run("docker", "info").returncode == 0
    except FileNotFoundError:
        responds = False
    if not responds:
        raise Problem("sam local needs Docker, and `docker info` finds no engine")


def find_obstacle() -> str | None:
    """Return why `sam local` cannot run here, or None."""
    try:
        check_engine()
    except Problem as problem:
        return str(problem)
    if commands.run("docker", "image", "inspect", IMAGE).returncode:
        return f"sam local needs {IMAGE}, which Docker does not have"
    return None


@contextmanager
def run_api(stack: Stack, port: int, log: Path | None = None) -> Iterator[str]:
    """Run `sam local start-api` beside the stack, and yield the API's URL."""
    check_port(port, "SAM_LOCAL_PORT")
    url = f"http://localhost:{port}"
    with tempfile.TemporaryDirectory() as folder, run_relay(stack.aws_port):
        options = [*make_options(stack, Path(folder)), "--port", str(port)]
        with open_log(log) as output:
            process = sam.start("local", "start-api", *options, aws=stack.aws, output=output)
            try:
                with step("Starting the API in Docker (sam local)"):
                    wait_until_ready(url, process, log)
                yield url
            finally:
                commands.stop(process)


def invoke(stack: Stack, function: str, event: Path) -> subprocess.CompletedProcess[str]:
    """Run one event through a function with `sam local invoke`. Its result is on standard output."""
    with tempfile.TemporaryDirectory() as folder, run_relay(stack.aws_port):
        options = make_options(stack, Path(folder))
        return sam.capture("local", "invoke", function, "--event", str(event), *options, aws=stack.aws)


def make_options(stack: Stack, folder: Path) -> list[str]:
    """Return the options of both commands: our build, and this stack's variables."""
    file = folder / "functions.json"
    stack.write_variables(file)
    return [
        *["--config-file", str(ROOT / "samconfig.toml"), "--config-env", "local"],
        *["--template", str(provide_build() / "template.yaml"), "--env-vars", str(file)],
    ]


@contextmanager
def open_log(log: Path | None) -> Iterator[int | None]:
    """Yield the log's descriptor. Without a log, the output goes to the terminal."""
    if log is None:
        yield None
    else:
        with log.open("w", encoding="utf-8") as file:
            yield file.fileno()


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path | None) -> None:
    """Wait until the API has responded to its first request, for which it starts a container."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        if fetch(f"{url}/health").status:
            return
        time.sleep(0.2)
    raise Problem(f"sam local start-api did not start: {read_last_line(log) if log else 'see above'}")
