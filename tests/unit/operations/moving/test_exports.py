from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from local.console import Problem
from operations.moving.destinations import Bucket, BucketDestination, FolderDestination
from operations.moving.exports import Exporter
from operations.moving.manifests import read_manifest
from shared.keys import make_original_key
from tests.support.images import make_image, make_pending, make_ready

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from shared.images import ImageRepository
    from shared.models import Image
    from shared.storage import ImageStorage


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture
def stored(images: ImageRepository, storage: ImageStorage) -> list[Image]:
    """Images of two users. Their bytes are their ids."""
    made = [
        make_ready(user_id=("ann", "ben")[number % 2], tags=("sea",), size=36, sha256=None)
        for number in range(9)
    ]
    for image in made:
        images.add(image)
        storage.add(make_original_key(image.id), image.id.encode(), "image/jpeg")
    return made


def read_lines(place: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (place / "images.jsonl").read_text().splitlines()]


def make_exporter(images: ImageRepository, clients: dict[str, Any], destination: Any) -> Exporter:  # noqa: ANN401 - either
    return Exporter(images, Bucket(clients["s3"], "bucket"), destination, report=lambda _: None)


@pytest.mark.parametrize("user", [None, "ann", "nobody"])
def test_export_has_each_image_with_its_bytes(
    images: ImageRepository, clients: dict[str, Any], stored: list[Image], tmp_path: Path, user: str | None
) -> None:
    exporter = make_exporter(images, clients, FolderDestination(tmp_path))
    expected = {image.id for image in stored if user in {None, image.user_id}}
    for _ in range(2):
        assert exporter.export(user).exported == len(expected)
        lines = read_lines(tmp_path)
        assert {line["id"] for line in lines} == expected
        assert len(lines) == len(expected)
        assert all((tmp_path / line["path"]).read_text() == line["id"] for line in lines)
    assert {path.name for path in tmp_path.iterdir()} <= {"images.jsonl", "export.json", "originals"}
    with (tmp_path / "images.jsonl").open("rb") as file:
        entries = [*read_manifest(file, "jsonl")]
    assert {getattr(entry, "id", None) for entry in entries} == expected


@pytest.mark.parametrize("user", [None, "ann"])
def test_export_that_is_killed_at_any_step_goes_on(
    images: ImageRepository, clients: dict[str, Any], stored: list[Image], tmp_path: Path, user: str | None
) -> None:
    """Each round kills it one step later."""

    class Fragile(FolderDestination):
        steps = 0

        def _step(self) -> None:
            if self.steps == 0:
                raise Killed
            self.steps -= 1

        def write(self, name: str, data: bytes) -> None:
            self._step()
            super().write(name, data)
            self._step()

        def join(self, parts: Sequence[str], name: str) -> None:
            self._step()
            super().join(parts, name)

        def delete(self, name: str) -> None:
            self._step()
            super().delete(name)

    count = len([image for image in stored if user in {None, image.user_id}])
    for steps in range(30):
        place = tmp_path / str(steps)
        fragile = Fragile(place)
        fragile.steps = steps
        try:
            make_exporter(images, clients, fragile).export(user)
            break
        except Killed:
            make_exporter(images, clients, FolderDestination(place)).export(user)
        assert len(read_lines(place)) == len({line["id"] for line in read_lines(place)}) == count
        assert not (place / "parts").exists()
    assert 5 < steps < 29


def test_what_has_no_bytes_is_counted(
    images: ImageRepository, storage: ImageStorage, clients: dict[str, Any], tmp_path: Path
) -> None:
    for image in (make_pending(), lost := make_image()):
        images.add(image)
    assert not storage.has(make_original_key(lost.id))
    done = make_exporter(images, clients, FolderDestination(tmp_path)).export(None)
    assert done.left_out == {"pending, without bytes": 1, "without its original": 1}
    assert read_lines(tmp_path) == []


def test_other_bytes_than_the_record_says_are_not_exported(
    images: ImageRepository, storage: ImageStorage, clients: dict[str, Any], tmp_path: Path
) -> None:
    images.add(image := make_ready(size=1, sha256="0" * 64))
    storage.add(make_original_key(image.id), b"x", "image/jpeg")
    done = make_exporter(images, clients, FolderDestination(tmp_path)).export(None)
    assert done.left_out == {"without its original": 1}


def test_place_of_another_export_is_a_problem(
    images: ImageRepository, clients: dict[str, Any], tmp_path: Path
) -> None:
    exporter = make_exporter(images, clients, FolderDestination(tmp_path))
    exporter.export("ann")
    with pytest.raises(Problem, match="another user"):
        exporter.export("ben")


def test_bucket_holds_the_same_as_a_folder(
    images: ImageRepository, clients: dict[str, Any], stored: list[Image], tmp_path: Path
) -> None:
    s3 = clients["s3"]
    make_exporter(images, clients, BucketDestination(s3, "bucket", "backup/")).export(None)
    make_exporter(images, clients, FolderDestination(tmp_path)).export(None)
    found = s3.get_object(Bucket="bucket", Key="backup/images.jsonl")["Body"].read()
    assert found == (tmp_path / "images.jsonl").read_bytes()
    for line in read_lines(tmp_path):
        assert (
            s3.get_object(Bucket="bucket", Key=f"backup/{line['path']}")["Body"].read().decode() == line["id"]
        )
    assert len(stored) == len(read_lines(tmp_path))
