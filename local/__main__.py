"""Commands of the local stack.

usage: python -m local start [--port N] [--aws-port N] [--auth-mode open|jwt] [--webhook-url URL]
       python -m local sam-local [--port N] [--aws-port N]
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

from local.console import Problem, read_last_line, run_command
from local.relay import run_relay
from local.sam_local import require_engine, run_api
from local.stack import find_stack, run_stack

if TYPE_CHECKING:
    from local.stack import Stack

WATCH_INTERVAL = 2.0
EXAMPLES = {
    "open": """
ready: {api}

  curl -F file=@photo.jpg -F userId=alice -F visibility=public {api}/images/upload
  curl '{api}/images?userId=alice'
  curl -o thumbnail.webp {api}/images/ID/content/thumbnail
""",
    "jwt": """
ready: {api}

  token=$(make -s token USER=alice AWS_PORT={aws_port})
  curl -H "Authorization: Bearer $token" -F file=@photo.jpg -F visibility=private {api}/images/upload
  curl -H "Authorization: Bearer $token" {api}/images

  make -s password USER=alice AWS_PORT={aws_port}   # to sign in on the page, at {api}
""",
}
FOOT = """
  emulated AWS: {aws} (for its tools: . {state}/aws.sh), log: {state}/emulator.log
  Ctrl-C ends the stack. The next start continues with the same data.
"""


def start(port: int, aws_port: int, auth_mode: str, webhook_url: str) -> None:
    """Run the stack until Ctrl-C."""
    running = run_stack(port, aws_port, auth_mode=auth_mode, webhook_url=webhook_url)
    with running as stack, run_relay(aws_port):
        state = os.path.relpath(stack.state)
        text = EXAMPLES[auth_mode].rstrip() + "\n" + FOOT
        print(text.format(api=stack.api_url, aws=stack.aws_url, aws_port=aws_port, state=state), flush=True)
        watch(stack)


def start_in_docker(port: int, aws_port: int) -> None:
    """Run the API in Docker beside a running stack until Ctrl-C."""
    require_engine()
    stack = find_stack(aws_port)
    with run_api(stack, port) as url:
        print(f"\nready: {url} (Ctrl-C ends the API)\n", flush=True)
        watch(stack)


def watch(stack: Stack) -> None:
    """Wait for a signal. Raises a Problem if the emulated AWS ends by itself."""
    while stack.is_running():
        time.sleep(WATCH_INTERVAL)
    raise Problem(
        f"the emulated AWS has ended: {read_last_line(stack.log)} (full log: {stack.log}); "
        "run make start again"
    )


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name, run, port in (("start", start, 3000), ("sam-local", start_in_docker, 3001)):
        command = commands.add_parser(name, help=run.__doc__)
        command.set_defaults(run=run)
        command.add_argument("--port", type=int, default=port)
        command.add_argument("--aws-port", type=int, default=4566)
        if run is start:
            command.add_argument("--auth-mode", choices=EXAMPLES, default="open")
            command.add_argument("--webhook-url", default="")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Run the command that the arguments name, and return the exit code."""
    options = vars(parse(arguments))
    # SIGINT is in the list because a program that a shell starts in the background ignores it.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    return run_command(options)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
