"""Images and forms of other projects: valid, odd and hostile."""

import base64
import csv
import json
from contextlib import suppress
from functools import cache
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat

from app.requests.forms import FilePart
from app.requests.multipart import parse_form
from imaging.renditions import render
from shared.details import clean_filename
from shared.errors import DomainError, MalformedRequest, TooManyPixels, UnacceptableImage, UnsupportedImage
from shared.inspection import CONTENT_TYPES, Inspection, inspect
from shared.renditions import RenditionName
from tests.support.corpora import CORPORA, NO_CORPORA
from tests.support.pictures import open_rendition
from tests.support.pillow import inspect_with_pillow, judge

IMAGES = CORPORA / "images"
HEIC = CORPORA / "heic"
FORMS = CORPORA / "multipart"
ACCEPTED_SUFFIXES = (".jpg", ".png", ".gif", ".webp", ".avif")
REFUSED_BY_THE_DECODER = ("flip_015.prog.jpg",)
"""Its header is whole: a table ends too early."""
REFUSED_BY_PILLOW = ("png-ztxt-2mb.png", "png-iccp-bad-crc.png")
"""Only their metadata are wrong."""
REFUSED_BY_OUR_BOUNDS = ("gif_20k_frames_4000x4000.gif", "png_60000x1.png", "png_100k_text_chunks.png")

pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason=NO_CORPORA)


def read_expectations() -> dict[str, str]:
    if not IMAGES.is_dir():
        return {}
    with (IMAGES / "generated" / "expected.csv").open(newline="") as file:
        return {row["file"]: row["expect"] for row in csv.DictReader(file)}


def list_images(*folders: str) -> list[str]:
    paths = (path for folder in folders for path in (IMAGES / folder).rglob("*.*") if path.is_file())
    return sorted(str(path.relative_to(IMAGES, walk_up=True)) for path in paths)


def try_to_render(data: bytes) -> Inspection | None:
    """Return None if it is refused. Nothing else may be raised."""
    try:
        inspection = inspect(data)
        rendered = render(data)
    except UnacceptableImage:
        return None
    assert rendered.placeholder.thumbhash
    return inspection


@pytest.mark.parametrize(("file", "expectation"), read_expectations().items())
def test_generated_images_have_the_expected_outcome(file: str, expectation: str) -> None:
    data = (IMAGES / "generated" / file).read_bytes()
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
    inspection = try_to_render((IMAGES / file).read_bytes())
    assert inspection
    assert inspection.content_type in CONTENT_TYPES.values()


def read_heic_expectations() -> list[dict[str, str]]:
    if not HEIC.is_dir():
        return []
    with (HEIC / "expected.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("expected", read_heic_expectations(), ids=lambda row: row["file"])
def test_heic_of_devices_and_encoders_has_the_expected_size(expected: dict[str, str]) -> None:
    inspection = try_to_render((HEIC / expected["file"]).read_bytes())
    if expected["status"] == "ready":
        assert inspection
        assert inspection.content_type == "image/heic"
        assert (str(inspection.width), str(inspection.height)) == (expected["width"], expected["height"])
    else:
        assert not inspection


@pytest.mark.parametrize("file", list_images("exif-orientation"))
def test_all_orientations_give_the_same_picture(file: str) -> None:
    thumbnail, upright = make_thumbnail(file), make_thumbnail(file.partition("_")[0] + "_1.jpg")
    assert thumbnail.size == upright.size
    # Each picture says its own number: only the rest has to be alike.
    assert max(ImageStat.Stat(ImageChops.difference(thumbnail, upright)).mean) < 10


@cache
def make_thumbnail(file: str) -> Image.Image:
    return open_rendition(render((IMAGES / file).read_bytes()).renditions[RenditionName.THUMBNAIL]).convert(
        "RGB"
    )


@pytest.mark.parametrize("file", list_images("", "../field", "../heic"))
def test_headers_say_what_pillow_says(file: str) -> None:
    data = (IMAGES / file).read_bytes()
    found, expected = judge(data), judge(data, inspect_with_pillow)
    if file.endswith(REFUSED_BY_THE_DECODER):
        assert expected is UnsupportedImage
        with pytest.raises(UnacceptableImage):
            render(data)
    elif file.endswith(REFUSED_BY_PILLOW):
        assert expected is UnsupportedImage
        assert render(data).renditions
    elif file.endswith(REFUSED_BY_OUR_BOUNDS):
        assert found in {UnsupportedImage, TooManyPixels}
    elif "truncated" in file:  # Pillow may meet the end only in the pixels
        assert found in {expected, UnsupportedImage}
    else:
        assert found == expected


FIELD_COLORS: dict[str, tuple[tuple[int, int], tuple[int, ...], int]] = {
    "gama-linear.png": ((40, 40), (188, 188, 188, 255), 2),
    "chrm-p3.png": ((40, 40), (219, 37, 49, 255), 3),
    "avif-p3.avif": ((30, 15), (218, 0, 6, 255), 4),
    "png-ztxt-2mb.png": ((40, 40), (200, 30, 30, 255), 2),
    "gif-first-frame-partial.gif": ((5, 5), (0, 0, 0, 0), 2),
    "gray4-trns.png": ((20, 20), (255, 255, 255, 255), 2),
}
"""A pixel of the large rendition, what `expected.csv` wants there, and how far a sample may be off."""


@pytest.mark.parametrize("file", FIELD_COLORS)
def test_pictures_from_the_field_have_the_right_colours(file: str) -> None:
    rendered = render((CORPORA / "field" / file).read_bytes())
    at, expected, tolerance = FIELD_COLORS[file]
    pixel: Any = open_rendition(rendered.renditions[RenditionName.LARGE]).convert("RGBA").getpixel(at)
    assert pixel[3] == expected[3]
    if pixel[3]:
        assert pixel == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize("file", [path.name for path in (CORPORA / "field").glob("*.[!c]*")])
def test_pictures_from_the_field_are_ready_in_their_size(file: str) -> None:
    with (CORPORA / "field" / "expected.csv").open(newline="") as table:
        row = next(row for row in csv.DictReader(table) if row["file"] == file)
    inspection = try_to_render((CORPORA / "field" / file).read_bytes())
    assert inspection
    assert (inspection.width, inspection.height) == (int(row["width"]), int(row["height"]))


def test_gif_from_the_field_is_opaque_in_a_quarter() -> None:
    rendered = render((CORPORA / "field" / "gif-first-frame-partial.gif").read_bytes())
    alphas = open_rendition(rendered.renditions[RenditionName.LARGE]).getchannel("A").histogram()
    assert (alphas[0], alphas[255]) == (7500, 2500)


def list_forms() -> list[Any]:
    if not FORMS.is_dir():
        return []
    cases = [json.loads(line) for line in (FORMS / "index.jsonl").read_text().splitlines()]
    return [pytest.param(case, id=case["file"]) for case in cases]


@pytest.mark.parametrize("case", list_forms())
def test_forms_of_other_projects_are_read_as_expected(case: dict[str, Any]) -> None:
    body = (FORMS / "cases" / case["file"]).read_bytes()
    expected = case["expect"]
    if case["file"] == "python-multipart/single_field_blocks.body":
        expected = "error"  # its boundary lines lack the two dashes before the boundary

    def read_file() -> FilePart:
        return parse_form(body, case["content_type"]).file

    match expected:
        case "error" | "error-fast":
            with pytest.raises(DomainError):
                read_file()
        case "400-not-500":
            with pytest.raises(MalformedRequest):
                read_file()
        case "ok":
            assert parse_form(body, case["content_type"]).files
        case "clean":
            filename = read_file().filename
            assert filename
            assert filename == clean_filename(filename)
        case list():
            form = parse_form(body, case["content_type"])
            parts = [(part.name, part.filename, part.content_type, part.data) for part in form.files]
            assert parts == [
                (part["name"], part["file_name"], part["content_type"], base64.b64decode(part["data"]))
                for part in expected
                if part["type"] == "file"
            ]
            fields = [(name, value) for name, values in form.fields.items() for value in values]
            assert fields == [
                (part["name"], base64.b64decode(part["data"]).decode())
                for part in expected
                if part["type"] == "field"
            ]
        case _:
            with suppress(DomainError):
                read_file()
