"""The command line: its options, and where the service is."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

import httpx

from images import commands
from images.client import Client, RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

LOCAL_URL = "http://localhost:3000"
HOUR_SECONDS = 3600


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
    share.add_argument("id")
    share.add_argument("--rendition", default="large")
    share.add_argument("--seconds", type=int, default=HOUR_SECONDS)
    share.set_defaults(run=commands.share)

    delete = actions.add_parser("delete", help="delete images for good")
    delete.add_argument("ids", nargs="+")
    delete.set_defaults(run=commands.delete)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    options = make_parser().parse_args(arguments)
    headers = {}
    if options.token:
        headers["Authorization"] = f"Bearer {options.token}".encode()
    elif options.user:
        headers["X-User-Id"] = options.user.encode()
    client = Client(options.url, headers)
    try:
        status: int = options.run(client, options)
    except (RefusedError, httpx.TransportError) as error:
        sys.stderr.write(f"images: {error}\n")
        return 1
    finally:
        client.close()
    return status
