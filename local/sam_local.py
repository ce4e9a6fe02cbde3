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
from local.loopback import require_free_port
from local.relay import run_relay
from local.stack import Stack

IMAGE = "public.ecr.aws/lambda/python:3.13-x86_64"
PATIENCE = 180.0


def require_engine() -> None:
    """Raise a Problem if Docker does not respond. Only `find_obstacle` also looks for the image."""
    try:
        responds = commands.run("docker", "info").returncode == 0
    except FileNotFoundError:
        responds = False
    if not responds:
        raise Problem("sam local needs Docker, but `docker info` fails; install or start Docker first")


def find_obstacle() -> str | None:
    """Return why `sam local` cannot run here, or None."""
    try:
        require_engine()
    except Problem as problem:
        return str(problem)
    if commands.run("docker", "image", "inspect", IMAGE).returncode:
        return f"sam local needs an image that Docker does not have; run docker pull {IMAGE}"
    return None


@contextmanager
def run_api(stack: Stack, port: int, log: Path | None = None) -> Iterator[str]:
    """Run `sam local start-api` beside the stack, and yield the API's URL."""
    require_free_port(port, "SAM_LOCAL_PORT")
    url = f"http://localhost:{port}"
    with tempfile.TemporaryDirectory() as folder, run_relay(stack.aws_port):
        options = [*make_options(stack, Path(folder), url), "--port", str(port)]
        with open_log(log) as output:
            process = sam.start("local", "start-api", *options, aws=stack.aws, output=output)
            try:
                with step("Starting the API in Docker (sam local)"):
                    wait_until_ready(url, process, log)
                yield url
            finally:
                commands.stop(process)


def invoke(
    stack: Stack, function: str, event: Path, template: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Call a function with an event, with `sam local invoke`. The result is on standard output.

    `template` is that of another build.
    """
    with tempfile.TemporaryDirectory() as folder, run_relay(stack.aws_port):
        options = make_options(stack, Path(folder), stack.api_url, template)
        return sam.capture("local", "invoke", function, "--event", str(event), *options, aws=stack.aws)


def make_options(stack: Stack, folder: Path, public_url: str, template: Path | None = None) -> list[str]:
    """Return the options that both commands need: the build, and the variables of this stack."""
    file = folder / "functions.json"
    stack.write_variables(file, public_url)
    return [
        *["--config-file", str(ROOT / "samconfig.toml"), "--config-env", "local"],
        *["--template", str(template or provide_build() / "template.yaml"), "--env-vars", str(file)],
    ]


@contextmanager
def open_log(log: Path | None) -> Iterator[int | None]:
    """Yield the descriptor of the log, or None without a log: the output then goes to the terminal."""
    if log is None:
        yield None
    else:
        with log.open("w", encoding="utf-8") as file:
            yield file.fileno()


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path | None) -> None:
    """Wait for the first response of the API. It starts a container for it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        if fetch(f"{url}/health").status:
            return
        time.sleep(0.2)
    raise Problem(
        f"sam local start-api did not start: {read_last_line(log) if log else 'its output is above'}"
    )
