"""Images of other projects: valid, odd and hostile. They lie beside the project, where they are at all."""

import csv
from functools import cache
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from processor.renditions import render
from shared.errors import UnacceptableImage
from shared.inspection import CONTENT_TYPES, Inspection, inspect
from tests.processor.test_renditions import open_rendition

CORPORA = Path(__file__).parents[3] / "shared" / "corpora" / "images"
ACCEPTED_SUFFIXES = (".jpg", ".png", ".gif", ".webp", ".avif")

pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason=f"there are no corpora at {CORPORA}")


def read_expectations() -> dict[str, str]:
    if not CORPORA.is_dir():
        return {}
    with (CORPORA / "generated" / "expected.csv").open(newline="") as file:
        return {row["file"]: row["expect"] for row in csv.DictReader(file)}


def list_images(*folders: str) -> list[str]:
    paths = (path for folder in folders for path in (CORPORA / folder).rglob("*.*") if path.is_file())
    return sorted(str(path.relative_to(CORPORA)) for path in paths)


def try_to_render(data: bytes) -> Inspection | None:
    """None if it is refused. Nothing else may be raised."""
    try:
        inspection = inspect(data)
        rendered = render(data)
    except UnacceptableImage:
        return None
    assert rendered.inspection == inspection
    assert rendered.placeholder.thumbhash
    return inspection


@pytest.mark.parametrize(("file", "expectation"), read_expectations().items())
def test_generated_images_fare_as_expected(file: str, expectation: str) -> None:
    data = (CORPORA / "generated" / file).read_bytes()
    if expectation == "reject-or-bounded":  # takes seconds, within the limits
        assert inspect(data).content_type == "image/webp"
        return
    inspection = try_to_render(data)
    match expectation:
        case "ok":
            assert inspection
        case "reject":
            assert not inspection
        case "policy":
            assert bool(inspection) == file.endswith(ACCEPTED_SUFFIXES)
        case _:
            assert expectation in {"no-crash", "ok-or-reject", "reject-or-ok"}


@pytest.mark.parametrize("file", list_images("pillow", "libavif"))
def test_images_of_other_projects_are_rendered(file: str) -> None:
    inspection = try_to_render((CORPORA / file).read_bytes())
    assert inspection
    assert inspection.content_type in CONTENT_TYPES.values()


@pytest.mark.parametrize("file", list_images("exif-orientation"))
def test_all_orientations_come_out_alike(file: str) -> None:
    thumbnail, upright = make_thumbnail(file), make_thumbnail(file.partition("_")[0] + "_1.jpg")
    assert thumbnail.size == upright.size
    # Each picture says its own number: only the rest has to be alike.
    assert max(ImageStat.Stat(ImageChops.difference(thumbnail, upright)).mean) < 10


@cache
def make_thumbnail(file: str) -> Image.Image:
    return open_rendition(render((CORPORA / file).read_bytes()).renditions["thumbnail"]).convert("RGB")
