"""Commands of the local stack.

usage: python -m local start [--port N] [--aws-port N] [--auth-mode open|jwt]
       python -m local sam-local [--port N] [--aws-port N]
       python -m local redrive [--aws-port N | --stack NAME]
       python -m local check-consistency [--aws-port N | --stack NAME] [--grace MINUTES] [--repair]
       python -m local token [--aws-port N | --stack NAME] [--admin] USER
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import boto3

from local.console import Problem, read_last_line
from local.deployment import Client, read_outputs
from local.redrive import redrive
from local.relay import run_relay
from local.sam_local import check_engine, run_api
from local.stack import Stack, find_stack, run_stack
from local.tokens import make_token

if TYPE_CHECKING:
    from collections.abc import Mapping

WATCH_INTERVAL = 2.0
EXAMPLES = {
    "open": """
ready: {api}

  curl -F file=@photo.jpg -F userId=alice -F visibility=public {api}/images/upload
  curl '{api}/images?userId=alice'
  curl -L -o thumbnail.webp {api}/images/ID/content/thumbnail
""",
    "jwt": """
ready: {api}

  token=$(make -s token USER=alice AWS_PORT={aws_port})
  curl -H "Authorization: Bearer $token" -F file=@photo.jpg -F visibility=private {api}/images/upload
  curl -H "Authorization: Bearer $token" {api}/images
""",
}
FOOT = """
  emulated AWS: {aws} (for its tools: . {state}/aws.sh), log: {state}/emulator.log
  Ctrl-C ends it; what it holds is there at the next start.
"""


def start(port: int, aws_port: int, auth_mode: str) -> None:
    """Run the stack until Ctrl-C."""
    with run_stack(port, aws_port, auth_mode=auth_mode) as stack, run_relay(aws_port):
        state = os.path.relpath(stack.state)
        text = EXAMPLES[auth_mode].rstrip() + "\n" + FOOT
        print(text.format(api=stack.api_url, aws=stack.aws_url, aws_port=aws_port, state=state), flush=True)
        watch(stack)


def start_in_docker(port: int, aws_port: int) -> None:
    """Run the API in Docker beside a running stack until Ctrl-C."""
    check_engine()
    stack = find_stack(aws_port)
    with run_api(stack, port) as url:
        print(f"\nready: {url} (Ctrl-C ends it)\n", flush=True)
        watch(stack)


def find_target(aws_port: int, stack_name: str) -> tuple[Client, Mapping[str, str]]:
    """The clients and the outputs of the stack of that name on AWS or, without a name, on this machine."""
    if not stack_name:
        stack = find_stack(aws_port)
        return stack.client, stack.outputs
    outputs = read_outputs(boto3.client, stack_name)
    if not outputs:
        raise Problem(f"there is no stack {stack_name} in this account and region")
    return boto3.client, outputs


def send_failures_again(aws_port: int, stack_name: str) -> None:
    """Send what could not be processed once more."""
    done = redrive(*find_target(aws_port, stack_name))
    print(f"{done.sent} events sent again, {done.kept} messages without an event kept")


def check_consistency(aws_port: int, stack_name: str, grace: int, *, repair: bool) -> None:
    """Check whether table and bucket agree, and with --repair make them."""
    from local.consistency import make_check, run_check  # noqa: PLC0415 - stands on the service's own code

    check = make_check(*find_target(aws_port, stack_name), grace=timedelta(minutes=grace))
    if left := run_check(check, repair=repair):
        raise Problem(f"{left} things are wrong{'' if repair else '; REPAIR=1 (--repair) makes them right'}")


def print_token(aws_port: int, stack_name: str, user: str, *, admin: bool) -> None:
    """Print an access token of a user of the stack's own user pool, who is made if there is none."""
    print(make_token(*find_target(aws_port, stack_name), user, is_admin=admin))


def watch(stack: Stack) -> None:
    """Wait for a signal; it is a problem when the emulated AWS ends by itself."""
    while stack.is_running():
        time.sleep(WATCH_INTERVAL)
    raise Problem(f"the emulated AWS has ended; the last it said: {read_last_line(stack.log)}")


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, run, port in (("start", start, 3000), ("sam-local", start_in_docker, 3001)):
        command = commands.add_parser(name, help=run.__doc__)
        command.set_defaults(run=run)
        command.add_argument("--port", type=int, default=port)
        if run is start:
            command.add_argument("--auth-mode", choices=EXAMPLES, default="open")
    for name, act in (
        ("redrive", send_failures_again),
        ("check-consistency", check_consistency),
        ("token", print_token),
    ):
        command = commands.add_parser(name, help=act.__doc__)
        command.set_defaults(run=act)
        command.add_argument("--stack", dest="stack_name", default="")
        if act is check_consistency:
            command.add_argument("--grace", type=int, default=15, help="minutes")
            command.add_argument("--repair", action="store_true")
        if act is print_token:
            command.add_argument("user")
            command.add_argument("--admin", action="store_true")
    for command in commands.choices.values():
        command.add_argument("--aws-port", type=int, default=4566)
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Run a command; a problem is one line."""
    options = vars(parse(arguments))
    run = options.pop("run")
    del options["command"]
    # SIGINT too: what a shell starts in the background ignores it.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        run(**options)
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
