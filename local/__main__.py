"""Commands of the local stack.

usage: python -m local {start,sam-local} [--port N] [--aws-port N]
"""

import argparse
import signal
import sys
import time

from local.console import Problem
from local.sam_local import find_obstacle, run_api
from local.stack import Stack, find_stack, run_stack

EXAMPLES = """
ready: {api}

  curl -F file=@photo.jpg -F userId=alice -F visibility=public {api}/images/upload
  curl '{api}/images?userId=alice'
  curl -L -o thumbnail.webp {api}/images/ID/content/thumbnail

  emulated AWS: {aws} (for its tools: . {state}/aws.sh), log: {state}/emulator.log
  Ctrl-C ends it; what it holds is there at the next start.
"""


def start(port: int, aws_port: int) -> None:
    """Run the stack until Ctrl-C."""
    with run_stack(port, aws_port) as stack:
        show(stack)
        wait()


def start_in_docker(port: int, aws_port: int) -> None:
    """Run the API in Docker beside a running stack until Ctrl-C."""
    obstacle = find_obstacle()
    if obstacle:
        raise Problem(f"sam local cannot run: {obstacle}")
    with run_api(find_stack(aws_port), port) as url:
        print(f"\nready: {url} (Ctrl-C ends it)\n", flush=True)
        wait()


def wait() -> None:
    """Wait for a signal."""
    while True:
        time.sleep(3600)


def show(stack: Stack) -> None:
    print(EXAMPLES.format(api=stack.api_url, aws=stack.aws_url, state=stack.state), flush=True)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, run, port in (("start", start, 3000), ("sam-local", start_in_docker, 3001)):
        command = commands.add_parser(name, help=run.__doc__)
        command.set_defaults(run=run)
        command.add_argument("--port", type=int, default=port)
        command.add_argument("--aws-port", type=int, default=4566)
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Run a command; a problem is one line."""
    options = parse(arguments)
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGHUP,
    ):  # SIGINT too: a shell's background job ignores it
        signal.signal(number, signal.default_int_handler)
    try:
        options.run(options.port, options.aws_port)
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
