"""The command line: its options, and where the service is."""

from __future__ import annotations

import argparse
import io
import os
import sys
import uuid
from typing import TYPE_CHECKING

from images import commands
from images.client import FAILURES, Client
from images.names import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

LOCAL_URL = "http://localhost:3000"
INTERRUPTED = 130  # as shells say it


def read_id(text: str) -> str:
    """Read the id of an image. Anything else in its place could name another path of the API."""
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{escape(text)!r} is no id of an image") from error


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("images", description="Images of a service, from a shell.")
    environ = os.environ
    parser.add_argument("--url", default=environ.get("IMAGES_URL", LOCAL_URL), help="or IMAGES_URL")
    parser.add_argument(
        "--token", default=environ.get("IMAGES_TOKEN"), help="an access token, or IMAGES_TOKEN"
    )
    parser.add_argument("--user", default=environ.get("IMAGES_USER"), help="without tokens, or IMAGES_USER")
    actions = parser.add_subparsers(required=True, metavar="command")

    upload = actions.add_parser("upload", help="upload files and folders")
    upload.add_argument("paths", nargs="+")
    upload.add_argument("--visibility", choices=["private", "public"], default="private")
    upload.add_argument("--tag", action="append", default=[])
    upload.set_defaults(run=commands.upload)

    listing = actions.add_parser("list", help="list images")
    listing.add_argument("--owner", default="me", help="the user whose images are listed")
    listing.add_argument("--tag", action="append", default=[])
    listing.set_defaults(run=commands.show)

    download = actions.add_parser("download", help="download all your originals")
    download.add_argument("folder")
    download.set_defaults(run=commands.download)

    share = actions.add_parser("share", help="make a link that ends")
    share.add_argument("id", type=read_id)
    share.add_argument("--rendition", default="large")
    share.add_argument("--seconds", type=int, help="an hour if you do not say it, 5 minutes for the original")
    share.set_defaults(run=commands.share)

    delete = actions.add_parser("delete", help="delete images, which you cannot bring back")
    delete.add_argument("ids", nargs="+", type=read_id)
    delete.set_defaults(run=commands.delete)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    options = make_parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file on Windows does not take all names
    headers = {}
    if options.token:
        headers["Authorization"] = f"Bearer {options.token.strip()}".encode()
    elif options.user:
        headers["X-User-Id"] = options.user.encode()
    client = Client(options.url, headers)
    try:
        status: int = options.run(client, options)
        sys.stdout.flush()
    except BrokenPipeError:  # `images list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except FAILURES as error:
        sys.stderr.write(f"images: {escape(str(error) or type(error).__name__)}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("images: stopped. Run it again to go on.\n")
        return INTERRUPTED
    finally:
        client.close()
    return status
