"""The commands: what each does with the client, and what it says."""

from __future__ import annotations

import hashlib
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from images.client import RefusedError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterable, Sequence

    from images.client import Client

PARALLEL = 4
UNSAFE = '/\\:\0*?"<>|'


def upload(client: Client, options: Namespace) -> int:
    """Upload files and folders. What is there by its bytes is not sent again, so a broken run goes on."""
    fields: dict[str, Any] = {"visibility": options.visibility, "tags": options.tag}

    def send(path: Path) -> str:
        sha256 = compute_sha256(path)
        if found := client.find_image(sha256):
            return f"is there already as {found['id']}"
        return f"uploaded as {client.upload(path, fields)['id']}"

    return run_all(find_files(options.paths), send, str)


def show(client: Client, options: Namespace) -> int:
    """Print a line for each image: id, status, size, time, file name."""
    for image in client.list_images(userId=options.owner, tags=",".join(options.tag)):
        size = "" if image["size"] is None else image["size"]
        facts = (image["id"], image["status"], size, image["createdAt"], image["filename"])
        sys.stdout.write("\t".join(map(str, facts)) + "\n")
    return 0


def download(client: Client, options: Namespace) -> int:
    """Download every original of the user under its own name. What is there already is not fetched again."""
    folder = Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    names: set[str] = set()
    images = client.list_images(userId="me", order="asc")
    targets = [(image, folder / choose_name(image, names)) for image in images if image["url"] is not None]

    def fetch(target: tuple[dict[str, Any], Path]) -> str:
        image, path = target
        if path.exists() and compute_sha256(path) == image["sha256"]:
            return "is there already"
        client.download(image["id"], path)
        if compute_sha256(path) != image["sha256"]:
            path.unlink()
            raise OSError("the bytes that came are not those of the image")
        return "downloaded"

    return run_all(targets, fetch, lambda target: str(target[1]))


def share(client: Client, options: Namespace) -> int:
    """Print a link that works without an account until it ends."""
    link = client.make_link(options.id, {"rendition": options.rendition, "expiresIn": options.seconds})
    sys.stdout.write(f"{link['url']}\n")
    return 0


def delete(client: Client, options: Namespace) -> int:
    """Delete images for good."""

    def end(image_id: str) -> str:
        client.delete(image_id)
        return "deleted"

    return run_all(options.ids, end, str)


def run_all[T](things: Sequence[T], work: Callable[[T], str], name: Callable[[T], str]) -> int:
    """Work on some things at a time, and say what happened to each. Return 1 if one of them failed."""
    failed = 0
    with ThreadPoolExecutor(PARALLEL) as pool:
        pending = {pool.submit(work, thing): thing for thing in things}
        for number, future in enumerate(as_completed(pending), start=1):
            try:
                outcome = future.result()
            except (RefusedError, httpx.TransportError, OSError) as error:
                failed += 1
                outcome = f"FAILED: {error}"
            sys.stderr.write(f"[{number}/{len(things)}] {name(pending[future])}: {outcome}\n")
    return 1 if failed else 0


def find_files(paths: Iterable[str]) -> list[Path]:
    """Return the files, and all files in the folders, without those that systems hide."""
    found: list[Path] = []
    for path in map(Path, paths):
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        hidden = [any(part.startswith(".") for part in file.relative_to(path).parts) for file in inside]
        found += [
            file
            for file, is_hidden in zip(inside, hidden, strict=True)
            if not file.is_dir() and not is_hidden
        ]
    return found


def choose_name(image: dict[str, Any], taken: set[str]) -> str:
    """Return a name that any system takes. The second image with a name gets its id into it."""
    name = "".join("_" if sign in UNSAFE or ord(sign) < ord(" ") else sign for sign in image["filename"])
    name = name.strip(" .") or image["id"]
    if name.lower() in taken:
        path = Path(name)
        name = f"{path.stem} {image['id']}{path.suffix}"
    taken.add(name.lower())
    return name


def compute_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
