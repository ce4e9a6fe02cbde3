"""The commands: what each does with the client, and what it says."""

from __future__ import annotations

import errno
import math
import os
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from images.answers import RefusedError
from images.client import FAILURES, PAGE_SIZE, compute_sha256
from images.ends import await_ends
from images.folders import hold_folder
from images.names import choose_names, escape

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from images.answers import Image
    from images.client import Client

PARALLEL = 4
DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
ERASED = "erased"
NO_FILE = "it is no file, and no link to one"


def upload(client: Client, options: Namespace) -> int:
    """Upload files and folders. What is there by its bytes is not sent again, so a broken run goes on.

    In the end it waits for what the service makes of the bytes: it may still refuse them.
    """
    failed: list[Path] = []

    def fail(path: Path, reason: str) -> None:
        failed.append(path)
        report(str(path), f"FAILED: {reason}")

    paths = [*dict.fromkeys(find_files(options.paths, fail))]
    find = make_finder(client, len(paths))
    max_inline_bytes = client.get_max_inline_bytes()
    fields: dict[str, Any] = {"visibility": options.visibility, "tags": options.tag}
    senders: dict[str, Path] = {}
    sent: dict[Path, Image] = {}

    def send(path: Path) -> str:
        sha256 = compute_sha256(path)
        if (first := senders.setdefault(sha256, path)) != path:
            return f"has the bytes of {first}"
        found = find(sha256)
        is_inline = path.stat().st_size <= max_inline_bytes
        image = found or client.upload(path, sha256, fields, is_inline=is_inline)
        sent[path] = image
        return f"is there already as {image.id}" if found else f"uploaded as {image.id}"

    has_failed = run_all(client, paths, send, str)
    for path, reason in await_ends(client, sent):
        fail(path, reason)
    return 1 if has_failed or failed else 0


def make_finder(client: Client, files: int) -> Callable[[str], Image | None]:
    """Make a function that returns an image with these bytes.

    It reads all images of the user if that takes fewer requests than to ask for each file.
    """
    if math.ceil(client.count_images() / PAGE_SIZE) < files:
        known = {image.sha256: image for image in client.list_images(userId="me") if image.is_kept}
        return known.get

    def ask(sha256: str) -> Image | None:
        images = client.list_images(userId="me", sha256=sha256)
        return next((image for image in images if image.is_kept), None)

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
        path = client.download(image, paths)
        return "downloaded" if path == paths[0] else f"downloaded as {path.name}"

    with hold_folder(folder):
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
    """Tell if everything after it would fail in the same way.

    The token has ended, everything of the user was deleted, or the disk is full.
    """
    if isinstance(error, RefusedError):
        return error.status == HTTPStatus.UNAUTHORIZED or error.code == ERASED
    return isinstance(error, OSError) and error.errno in DISK_FULL


def find_files(paths: Iterable[str], fail: Callable[[Path, str], object]) -> Iterator[Path]:
    """Yield the files, and all files in the folders, without those that systems hide.

    `fail` gets what cannot be read. A link in a folder is followed to a file alone: it could lead round.
    """
    for path in map(Path, paths):
        if path.is_file() or not os.path.lexists(path):  # the latter fails when it is read
            yield path
        elif path.is_dir():
            walk = path.walk(on_error=lambda error: fail(Path(error.filename), str(error.strerror)))
            for folder, folders, names in walk:
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                for file in (folder / name for name in sorted(names) if not name.startswith(".")):
                    if file.is_file():
                        yield file
                    else:
                        report(str(file), f"left out: {NO_FILE}")
        else:
            fail(path, NO_FILE)
