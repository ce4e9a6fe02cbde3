"""Claims about imports and exports."""

from __future__ import annotations

import json
import secrets
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from operations.moving.command import GOOD, make_importer, read_settings
from operations.moving.destinations import Bucket, FolderDestination
from operations.moving.entries import Defaults, Entry, make_image_id, name_entry
from operations.moving.exports import Exporter
from operations.moving.journal import Journal
from operations.moving.runs import Pace, Run, describe_counts
from operations.moving.sources import MANIFEST, FolderSource
from operations.verification.answers import require_status
from operations.verification.claims import Claim
from operations.verification.samples import make_png
from operations.verification.verdicts import require, require_equal
from shared.images import ImageRepository
from shared.models import Visibility
from shared.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from operations.verification.deployment import Deployment

WIDTHS_PX = (64, 80, 96)
GONE_SECONDS = 30


def show_moving(deployment: Deployment) -> str:
    pictures = {f"{width}.png": make_png(width) for width in WIDTHS_PX}
    with TemporaryDirectory() as place:
        source, destination = Path(place, "in"), Path(place, "out")
        source.mkdir()
        for name, content in pictures.items():
            (source / name).write_bytes(content)
        started = deployment.clock()
        ids = _bring(deployment, source, Path(place, "journal.sqlite"))
        imported = deployment.clock()
        _require_listed(deployment, ids, pictures)
        started_export = deployment.clock()
        found = _export(deployment, destination)
        seconds = deployment.clock() - started_export
    require_equal(found.keys() & ids.values(), {*ids.values()}, "images in the export")
    for name, image_id in ids.items():
        require(found[image_id] == pictures[name], "the export has other bytes than the folder")
    _delete(deployment, [*ids.values()])
    return f"{len(ids)} images in {imported - started:.1f} s, out in {seconds:.1f} s"


def _bring(deployment: Deployment, source: Path, journal_path: Path) -> Mapping[str, str]:
    """Import a folder. Return the ids of the images by the names of their files."""
    folder, name = FolderSource(source), f"verify-{secrets.token_hex(8)}"
    entries = [entry for entry in folder.list_entries() if isinstance(entry, Entry)]
    defaults = Defaults(deployment.user_id, Visibility.PRIVATE)
    ids: dict[str, str] = {}
    for entry in entries:
        owned = entry.model_copy(update={"user_id": deployment.user_id})
        ids[entry.path or ""] = make_image_id(name, name_entry(owned), 0)
    deployment.made.extend(ids.values())
    deployment.noted.update(ids.values())
    reasons: list[str] = []
    with Journal(journal_path) as journal:
        importer = make_importer(folder, deployment.client, deployment.outputs)
        run = Run(name, importer, journal, pace=Pace(), report=reasons.append)
        counts = run.take(entries, defaults)
    is_good = sum(counts[outcome] for outcome in GOOD) == len(ids)
    require(is_good, f"the import brings {describe_counts(counts)}: {'; '.join(reasons)}")
    return ids


def _require_listed(deployment: Deployment, ids: Mapping[str, str], pictures: Mapping[str, bytes]) -> None:
    response = require_status(deployment.api.get("/images", params={"limit": 100}), HTTPStatus.OK)
    sizes = {image["id"]: image["size"] for image in response.json()["images"]}
    for name, image_id in ids.items():
        require(image_id in sizes, "an imported image is not listed")
        require_equal(sizes[image_id], len(pictures[name]), "size in the list")


def _export(deployment: Deployment, place: Path) -> Mapping[str, bytes]:
    """Export all images of the user. Return the bytes of each by its id."""
    settings = read_settings(deployment.client, deployment.outputs)
    table = Table(deployment.client("dynamodb"), deployment.outputs["ImagesTableName"])
    Exporter(
        ImageRepository(table, public_shards=settings.public_shards),
        Bucket(deployment.client("s3"), deployment.outputs["BucketName"]),
        FolderDestination(place),
        report=lambda _: None,
    ).export(deployment.user_id)
    lines = map(json.loads, (place / MANIFEST).read_text(encoding="utf-8").splitlines())
    return {line["id"]: (place / line["path"]).read_bytes() for line in lines}


def _delete(deployment: Deployment, image_ids: list[str]) -> None:
    """Delete images, and wait until their objects are gone."""
    for image_id in image_ids:
        require_status(deployment.api.delete(f"/images/{image_id}"), HTTPStatus.NO_CONTENT)
        deployment.made.remove(image_id)

    def are_gone() -> bool | None:
        return None if any(map(deployment.list_objects, image_ids)) else True

    deployment.await_value(are_gone, GONE_SECONDS, "bytes of imported images are left")


CLAIMS = (
    Claim(
        "moving",
        "What is imported from a folder is listed, and exported with the same bytes.",
        show_moving,
    ),
)
