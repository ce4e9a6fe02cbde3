"""Starts the process of the emulated AWS with a clean environment, and lets it save its state at the end."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local import commands
from local.console import Problem, read_last_line, step
from local.http import OK, fetch
from local.layout import FUNCTION_PYTHON, MINISTACK_PYTHON, ROOT

SAVE = signal.SIGUSR1  # makes the emulator save its state and continue
START_PATIENCE = 30.0
STOP_PATIENCE = 20.0


@contextmanager
def run_emulator(
    port: int, aws_port: int, state: Path, domain: str, *, quiet: bool
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the emulator inside the block. `port` serves the API of `domain`."""
    temporary = state / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    log = state / "emulator.log"
    with log.open("w", encoding="utf-8") as output:
        process = commands.start(
            *(MINISTACK_PYTHON, "-m", "local.emulator", str(port), str(aws_port), domain, FUNCTION_PYTHON),
            cwd=ROOT,
            env=make_environment(aws_port, state),
            stdin=subprocess.PIPE,  # closes when this process ends, for whatever reason
            stdout=subprocess.DEVNULL if quiet else None,
            stderr=output,
        )
    try:
        with step("Starting the emulated AWS (MiniStack)"):
            wait_until_ready(aws_port, process, log)
        yield process
    finally:
        stop(process)
        shutil.rmtree(temporary, ignore_errors=True)


def make_environment(aws_port: int, state: Path) -> dict[str, str]:
    """Return the variables that the emulator needs, and no others, because the functions inherit them."""
    return {
        **provide_credentials(state),
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(state),
        "TMPDIR": str(state / "tmp"),
        "PYTHONUNBUFFERED": "1",
        "GATEWAY_PORT": str(aws_port),
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": "unix:///nonexistent.sock",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state / "services"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(state / "s3"),
    }


def provide_credentials(state: Path) -> dict[str, str]:
    """Return the access keys of a stack's root user. Make them if there are none yet."""
    path = state / "credentials.json"
    if not path.exists():
        made = {
            "AWS_ACCESS_KEY_ID": f"AKIA{secrets.token_hex(8).upper()}",
            "AWS_SECRET_ACCESS_KEY": secrets.token_urlsafe(30),
        }
        path.touch(mode=0o600)
        path.write_text(json.dumps(made), encoding="utf-8")
    keys: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return keys


def wait_until_ready(aws_port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the emulator responds."""
    deadline = time.monotonic() + START_PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        if fetch(f"http://localhost:{aws_port}/_ministack/ready").status == OK:
            return
        time.sleep(0.05)
    raise Problem(f"MiniStack did not start: {read_last_line(log)} (full log: {log})")


def stop(process: subprocess.Popen[bytes]) -> None:
    """Let the emulator save its state and end. Kill it if that takes too long."""
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(STOP_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
