"""Commands for operators. Without --stack, most work on the embedded stack of `make start`.

usage: python -m operations redrive [--aws-port N | --stack NAME]
       python -m operations check-consistency [--aws-port N | --stack NAME] [--grace MINUTES] [--repair]
       python -m operations token [--aws-port N | --stack NAME] [--admin] USER
       python -m operations password [--aws-port N | --stack NAME] USER
       python -m operations trail [--aws-port N | --stack NAME] USER
       python -m operations erase [--aws-port N | --stack NAME] [--wait] USER
       python -m operations erase-again [--aws-port N | --stack NAME]
       python -m operations restore-tables [--aws-port N | --stack NAME] --at TIME
       python -m operations restore-objects [--aws-port N | --stack NAME] --at TIME [--after KEY]
       python -m operations delete-newer [--aws-port N | --stack NAME] --old TABLE
       python -m operations connect [--aws-port N | --stack NAME]
       python -m operations rotate-origin-secret [--aws-port N | --stack NAME]
       python -m operations import [--aws-port N | --stack NAME] --name NAME [--from SOURCE]
                                   [--manifest FILE] [--format FORMAT] ... (see docs/moving.md)
       python -m operations export [--aws-port N | --stack NAME] --to PLACE [--user USER]
       python -m operations verify-aws [--aws-port N | --stack NAME]
                                       [--slow] [--burst N] [--cold] [--only ID]...
       python -m operations smoke [--aws-port N | --stack NAME]
       python -m operations deploy --env ENVIRONMENT
       python -m operations prepare --env ENVIRONMENT
       python -m operations execute --env ENVIRONMENT CHANGE_SET
       python -m operations licenses
       python -m operations sbom FILE
       python -m operations audit
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local.console import Problem, run_command
from operations.audit import audit
from operations.bill import write_bill
from operations.change_sets import execute, prepare
from operations.connection import connect
from operations.consistency import make_check, run_check
from operations.erasures import make_registry
from operations.licenses import check_licenses
from operations.moving.command import add_export, add_import
from operations.object_restore import restore_objects
from operations.origin_secret import rotate
from operations.packages import list_packages, read_policy
from operations.redrive import redrive
from operations.release import deploy
from operations.restored_records import delete_newer
from operations.smoke import smoke
from operations.table_restore import TableRestore
from operations.targets import find_target
from operations.tokens import USER_NAME, make_password, make_token
from operations.trail import hash_name, make_query
from operations.verification.command import verify
from operations.verification.deployment import Options

CALLER_VARIABLE = "SMOKE_TOKEN"
"""Has an access token, if another issuer makes the users of the stack. Options are seen by others."""


def send_failures_again(aws_port: int, stack_name: str) -> None:
    """Handle the events of the failure queue again."""
    counts = redrive(*find_target(aws_port, stack_name))
    print(f"{counts.sent} events sent again, {counts.kept} messages kept")


def check_consistency(aws_port: int, stack_name: str, grace: int, *, repair: bool) -> None:
    """Check that tables and bucket agree. --repair repairs what does not."""
    check = make_check(*find_target(aws_port, stack_name), grace=timedelta(minutes=grace))
    if left := run_check(check, repair=repair):
        count = "1 thing is" if left == 1 else f"{left} things are"
        raise Problem(f"{count} wrong{'' if repair else '; REPAIR=1 (--repair) mends them'}")


def print_token(aws_port: int, stack_name: str, user: str, *, admin: bool) -> None:
    """Print an access token for a user of the stack's own user pool. Creates the user if needed."""
    print(make_token(*find_target(aws_port, stack_name), user, is_admin=admin))


def print_password(aws_port: int, stack_name: str, user: str) -> None:
    """Print a new password of a user of the user pool, for the web page. Creates the user if needed."""
    print(make_password(*find_target(aws_port, stack_name), user))


def print_trail(aws_port: int, stack_name: str, user: str) -> None:
    """Print the hash of a user in the logs, and the query that finds their requests."""
    hashes = hash_name(*find_target(aws_port, stack_name), user)
    print(*hashes, make_query(hashes), sep="\n")


def erase_user(aws_port: int, stack_name: str, user: str, *, wait: bool) -> None:
    """Delete everything of a user, and take nothing new. --wait prints how far it is until it is finished."""
    if not USER_NAME.fullmatch(user):
        raise Problem("name a user with 1 to 128 characters and without spaces: make erase USER=alice")
    registry = make_registry(*find_target(aws_port, stack_name))
    registry.erase(user)
    print("everything is being deleted, and nothing new is taken")
    if wait:
        registry.await_end(user)


def erase_users_again(aws_port: int, stack_name: str) -> None:
    """After a restore of a table: delete again what users had deleted of themselves since."""
    user_ids = make_registry(*find_target(aws_port, stack_name)).erase_again()
    print(f"{len(user_ids)} users are being erased again")


def restore_tables_to(aws_port: int, stack_name: str, at: datetime) -> None:
    """Restore the tables to a time, into new ones. Print the parameters with which the stack uses these."""
    parameters = TableRestore(*find_target(aws_port, stack_name), at).run()
    print("the tables are restored; deploy the stack with these parameters:")
    print(*(f'    "{name}={value}",' for name, value in parameters.items()), sep="\n")


def restore_objects_to(aws_port: int, stack_name: str, at: datetime, after: str) -> None:
    """Bring back the objects of the bucket as they were at a time."""
    count = restore_objects(*find_target(aws_port, stack_name), at, after=after)
    print(f"{count} objects are brought back")


def delete_newer_records(aws_port: int, stack_name: str, old: str) -> None:
    """After a restore: delete what is in the OLD images table alone, so that erasures and consumers know."""
    count = delete_newer(*find_target(aws_port, stack_name), old)
    print(f"{count} images and files are newer than the restored table, and are deleted")


def connect_bucket(aws_port: int, stack_name: str) -> None:
    """Give a kept bucket the events, lifecycle rules and CORS rules of its stack, in place of its own."""
    print(f"{connect(*find_target(aws_port, stack_name))} is connected")


def rotate_origin_secret(aws_port: int, stack_name: str) -> None:
    """Give the CDN and the API another secret. It takes about ten minutes, and no request fails meanwhile."""
    rotate(*find_target(aws_port, stack_name))


def verify_aws(  # noqa: PLR0913 - its options
    aws_port: int, stack_name: str, *, slow: bool, burst: int, cold: bool, only: list[str]
) -> None:
    """Run against a stack what only AWS can prove. Without --stack, what the embedded stack can show."""
    options = Options(slow=slow, burst=burst, cold=cold)
    verify(*find_target(aws_port, stack_name), stack_name, options, only)


def smoke_stack(aws_port: int, stack_name: str) -> None:
    """Upload to a stack in every way, look at the images, and delete them. It leaves nothing."""
    smoke(*find_target(aws_port, stack_name), stack_name, os.environ.get(CALLER_VARIABLE, ""))


def deploy_environment(environment: str) -> None:
    """Build and deploy an environment of samconfig.toml to AWS."""
    deploy(environment)


def prepare_environment(environment: str) -> None:
    """Build, and make a change set that a person can read before it is executed."""
    output = os.environ.get("GITHUB_OUTPUT")
    prepare(environment, platform.machine(), Path(output) if output else None)


def execute_change_set(environment: str, change_set: str) -> None:
    """Execute a change set of `prepare`, and wait for its end."""
    if not change_set:
        raise Problem("name the change set that make prepare has printed: make execute CHANGE_SET=...")
    execute(environment, change_set)


def check_shipped_licenses() -> None:
    """Check the licenses of all that the functions ship."""
    policy = read_policy()
    count = check_licenses(list_packages(policy), policy)
    print(f"the licenses of {count} shipped packages and libraries are allowed")


def write_shipped_bill(path: Path) -> None:
    """Write a bill of materials of what the functions ship (CycloneDX)."""
    write_bill(list_packages(read_policy()), path)
    print(f"written to {path}")


def audit_pins() -> None:
    """Look for known vulnerabilities of the pinned packages."""
    audit()


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m operations", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name, run in (
        ("redrive", send_failures_again),
        ("check-consistency", check_consistency),
        ("token", print_token),
        ("password", print_password),
        ("trail", print_trail),
        ("erase", erase_user),
        ("erase-again", erase_users_again),
        ("restore-tables", restore_tables_to),
        ("restore-objects", restore_objects_to),
        ("delete-newer", delete_newer_records),
        ("connect", connect_bucket),
        ("rotate-origin-secret", rotate_origin_secret),
        ("verify-aws", verify_aws),
        ("smoke", smoke_stack),
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
        if run in {print_token, print_password, print_trail}:
            command.add_argument("user")
        if run is print_token:
            command.add_argument("--admin", action="store_true")
        if run is erase_user:
            command.add_argument("user")
            command.add_argument("--wait", action="store_true")
        if run in {restore_tables_to, restore_objects_to}:
            command.add_argument("--at", type=read_time, required=True, metavar="TIME")
        if run is restore_objects_to:
            command.add_argument("--after", default="", metavar="KEY", help="the key to go on after")
        if run is delete_newer_records:
            command.add_argument("--old", required=True, metavar="TABLE", help="used before the restore")
        if run is verify_aws:
            add_verification_options(command)
    add_import(commands)
    add_export(commands)
    add_releases(commands)
    commands.add_parser("licenses", help=check_shipped_licenses.__doc__).set_defaults(
        run=check_shipped_licenses
    )
    commands.add_parser("audit", help=audit_pins.__doc__).set_defaults(run=audit_pins)
    command = commands.add_parser("sbom", help=write_shipped_bill.__doc__)
    command.set_defaults(run=write_shipped_bill)
    command.add_argument("path", type=Path, metavar="FILE")
    return parser.parse_args(arguments)


def read_time(text: str) -> datetime:
    """Read a time with its zone, such as 2026-11-27T10:00:00Z. Fractions of a second are cut off."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    return at.astimezone(UTC).replace(microsecond=0)


def add_releases(commands: Any) -> None:  # noqa: ANN401 - argparse has no public name for it
    for name, release in (
        ("deploy", deploy_environment),
        ("prepare", prepare_environment),
        ("execute", execute_change_set),
    ):
        command = commands.add_parser(name, help=release.__doc__)
        command.set_defaults(run=release)
        command.add_argument("--env", dest="environment", required=True)
        if release is execute_change_set:
            command.add_argument("change_set")


def add_verification_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--slow", action="store_true", help="run also what takes minutes")
    command.add_argument("--burst", type=int, default=0, help="requests to send at once, to be throttled")
    command.add_argument(
        "--cold",
        action="store_true",
        help="send requests to another version of the API's function for a moment",
    )
    command.add_argument("--only", action="append", default=[], metavar="ID", help="a claim to run alone")


if __name__ == "__main__":
    sys.exit(run_command(vars(parse(sys.argv[1:]))))
