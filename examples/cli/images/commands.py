"""The commands: what each does with the client, and what it says."""

from __future__ import annotations

import errno
import hashlib
import math
import os
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from images.answers import RefusedError
from images.client import FAILURES, PAGE_SIZE
from images.names import choose_names, escape

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from images.answers import Image
    from images.client import Client

PARALLEL = 4
DISK_FULL = {errno.ENOSPC, errno.EDQUOT}


def upload(client: Client, options: Namespace) -> int:
    """Upload files and folders. What is there by its bytes is not sent again, so a broken run goes on."""
    paths = [*find_files(options.paths)]
    find = make_finder(client, len(paths))
    max_inline_bytes = client.get_max_inline_bytes()
    fields: dict[str, Any] = {"visibility": options.visibility, "tags": options.tag}
    senders: dict[str, Path] = {}

    def send(path: Path) -> str:
        sha256 = compute_sha256(path)
        if (first := senders.setdefault(sha256, path)) != path:
            return f"has the bytes of {first}"
        if found := find(sha256):
            return f"is there already as {found}"
        is_inline = path.stat().st_size <= max_inline_bytes
        return f"uploaded as {client.upload(path, sha256, fields, is_inline=is_inline).id}"

    return run_all(client, paths, send, str)


def make_finder(client: Client, files: int) -> Callable[[str], str | None]:
    """Make a function that returns the id of an image with these bytes.

    It reads all images of the user if that takes fewer requests than to ask for each file.
    """
    if math.ceil(client.count_images() / PAGE_SIZE) < files:
        known = {image.sha256: image.id for image in client.list_images(userId="me") if image.is_kept}
        return known.get

    def ask(sha256: str) -> str | None:
        images = client.list_images(userId="me", sha256=sha256)
        return next((image.id for image in images if image.is_kept), None)

    return ask


def show(client: Client, options: Namespace) -> int:
    """Print a line for each image: id, status, size, time, file name."""
    for image in client.list_images(userId=options.owner, tags=",".join(options.tag)):
        size = "" if image.size is None else image.size
        facts = (image.id, image.status, size, image.created_at, image.filename)
        sys.stdout.write("\t".join(escape(str(fact)) for fact in facts) + "\n")
    return 0


def download(client: Client, options: Namespace) -> int:
    """Download every original of the user under its own name. What is there already is not fetched again.

    No file that is there is overwritten, but those that this command has named after an image.
    """
    folder = Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    taken: set[str] = set()
    targets = [
        (image, [folder / name for name in choose_names(image.filename, image.id, taken)])
        for image in client.list_images(userId="me", order="asc")
        if image.has_original
    ]

    def fetch(target: tuple[Image, list[Path]]) -> str:
        image, paths = target
        if any(path.is_file() and compute_sha256(path) == image.sha256 for path in paths):
            return "is there already"
        path = next((path for path in paths if not os.path.lexists(path)), paths[-1])
        client.download(image, path)
        return "downloaded" if path == paths[0] else f"downloaded as {path.name}"

    return run_all(client, targets, fetch, lambda target: str(target[1][0]))


def share(client: Client, options: Namespace) -> int:
    """Print a link that works without an account until it ends."""
    sys.stdout.write(escape(client.make_link(options.id, options.rendition, options.seconds)) + "\n")
    return 0


def delete(client: Client, options: Namespace) -> int:
    """Delete images, whose owner cannot bring them back."""

    def end(image_id: str) -> str:
        client.delete(image_id)
        return "deleted"

    return run_all(client, options.ids, end, str)


def run_all[T](
    client: Client, things: Sequence[T], work: Callable[[T], str], name: Callable[[T], str]
) -> int:
    """Work on some things at a time, and say what happened to each. Return 1 if one of them failed.

    It ends at once if the rest would fail too, or at Ctrl-C. What is under way comes to its end.
    """
    failed = 0
    pool = ThreadPoolExecutor(PARALLEL)
    try:
        pending = {pool.submit(work, thing): thing for thing in things}
        for number, future in enumerate(as_completed(pending), start=1):
            say = partial(report, f"[{number}/{len(things)}] {name(pending[future])}")
            try:
                say(future.result())
            except FAILURES as error:
                failed += 1
                say(f"FAILED: {str(error) or type(error).__name__}")
                if is_hopeless(error):
                    raise
    except BaseException:
        client.stop()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    return 1 if failed else 0


def report(thing: str, outcome: str) -> None:
    sys.stderr.write(escape(f"{thing}: {outcome}") + "\n")


def is_hopeless(error: Exception) -> bool:
    """Tell if everything after it would fail in the same way: the token has ended, or the disk is full."""
    if isinstance(error, RefusedError):
        return error.status == HTTPStatus.UNAUTHORIZED
    return isinstance(error, OSError) and error.errno in DISK_FULL


def find_files(paths: Iterable[str]) -> Iterator[Path]:
    """Yield the files, and all files in the folders, without those that systems hide."""
    for path in map(Path, paths):
        if not path.is_dir():
            yield path
            continue
        for folder, folders, names in path.walk(on_error=_fail):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            files = (folder / name for name in sorted(names) if not name.startswith("."))
            yield from (file for file in files if file.is_file())


def _fail(error: OSError) -> None:
    raise error


def compute_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
