"""Commands for operators. Without --stack, they work on the embedded stack of `make start`.

usage: python -m operations redrive [--aws-port N | --stack NAME]
       python -m operations check-consistency [--aws-port N | --stack NAME] [--grace MINUTES] [--repair]
       python -m operations token [--aws-port N | --stack NAME] [--admin] USER
"""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta

from local.console import Problem, run_command
from operations.consistency import make_check, run_check
from operations.redrive import redrive
from operations.targets import find_target
from operations.tokens import make_token


def send_failures_again(aws_port: int, stack_name: str) -> None:
    """Send the events of the failure queue again."""
    counts = redrive(*find_target(aws_port, stack_name))
    print(f"{counts.sent} events sent again, {counts.kept} messages without an event kept")


def check_consistency(aws_port: int, stack_name: str, grace: int, *, repair: bool) -> None:
    """Check that tables and bucket agree. --repair repairs what does not."""
    check = make_check(*find_target(aws_port, stack_name), grace=timedelta(minutes=grace))
    if left := run_check(check, repair=repair):
        raise Problem(f"{left} things are wrong{'' if repair else '; REPAIR=1 (--repair) mends them'}")


def print_token(aws_port: int, stack_name: str, user: str, *, admin: bool) -> None:
    """Print an access token for a user of the stack's own user pool. Creates the user if needed."""
    print(make_token(*find_target(aws_port, stack_name), user, is_admin=admin))


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m operations", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name, run in (
        ("redrive", send_failures_again),
        ("check-consistency", check_consistency),
        ("token", print_token),
    ):
        command = commands.add_parser(name, help=run.__doc__)
        command.set_defaults(run=run)
        command.add_argument("--stack", dest="stack_name", default="")
        command.add_argument("--aws-port", type=int, default=4566)
        if run is check_consistency:
            command.add_argument(
                "--grace", type=int, default=15, help="minutes that an object may be without a record"
            )
            command.add_argument("--repair", action="store_true")
        if run is print_token:
            command.add_argument("user")
            command.add_argument("--admin", action="store_true")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(run_command(vars(parse(sys.argv[1:]))))
