"""Animations beside what Chromium makes of them: it is the judge of places, times, loops and blending."""

from __future__ import annotations

import base64
from random import Random
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image

from imaging.animations.animation import take_apart
from imaging.parsing import open_image
from tests.support.animations import BLUE, CLEAR, RED, GifFrame, draw_apng, draw_gif, make_gif
from tests.support.browser import find_browser, run_browser
from tests.support.client import await_end, upload_json
from tests.support.pictures import draw_quadrants, encode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from local.stack import Stack

SEEDS = range(60)
PAGE = "https://animations.test/"
"""Decoders of images are there for pages of secure origins alone."""
TOLERANCE = 2
AVIF_TOLERANCE = 16
"""Two libraries turn YUV into RGB, and differ where colours meet."""
DECODE = """
async ([text, type]) => {
  const data = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const decoder = new ImageDecoder({ data, type, preferAnimation: true, premultiplyAlpha: "none" });
  await decoder.tracks.ready;
  await decoder.completed;
  const track = decoder.tracks.selectedTrack;
  const frames = [];
  for (let frameIndex = 0; frameIndex < track.frameCount; frameIndex++) {
    const { image } = await decoder.decode({ frameIndex });
    const pixels = new Uint8Array(image.allocationSize({ format: "RGBA" }));
    await image.copyTo(pixels, { format: "RGBA" });
    const letters = Array.from(pixels, (byte) => String.fromCharCode(byte)).join("");
    frames.push([image.codedWidth, image.codedHeight, (image.duration ?? 0) / 1000, btoa(letters)]);
    image.close();
  }
  return { plays: track.repetitionCount === Infinity ? 0 : track.repetitionCount + 1, frames };
}
"""

pytestmark = pytest.mark.skipif(find_browser() is None, reason="no Chromium is installed")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with run_browser(str(tmp_path_factory.mktemp("browser"))) as context:
        page = context.new_page()
        page.route(
            PAGE, lambda route: route.fulfill(body="<title>Animations</title>", content_type="text/html")
        )
        page.goto(PAGE)
        yield page


def decode(page: Page, data: bytes, content_type: str) -> tuple[int, list[tuple[Image.Image, float]]]:
    """Return how often the browser plays an animation, its pictures and their milliseconds."""
    decoded: Any = page.evaluate(DECODE, [base64.b64encode(data).decode(), content_type])
    frames = [
        (Image.frombytes("RGBA", (width, height), base64.b64decode(pixels)), milliseconds)
        for width, height, milliseconds, pixels in decoded["frames"]
    ]
    return decoded["plays"], frames


def measure_difference(ours: Image.Image, theirs: Image.Image) -> int:
    """Return the largest difference of two pixels, as they look on black."""
    pictures = [image.convert("RGBa").tobytes() for image in (ours, theirs)]
    difference: int = max(abs(one - other) for one, other in zip(*pictures, strict=True))
    return difference


def assert_same(page: Page, data: bytes, content_type: str, tolerance: int = TOLERANCE) -> None:
    plays, theirs = decode(page, data, content_type)
    with open_image(data) as (opened, header, _):
        animation = take_apart(data, opened, header)
        ours = [(picture.convert("RGBA"), milliseconds) for picture, milliseconds in animation.pictures]
    assert animation.plays == plays
    assert len(ours) == len(theirs)
    for (our_picture, our_ms), (their_picture, their_ms) in zip(ours, theirs, strict=True):
        assert our_picture.size == their_picture.size
        assert measure_difference(our_picture, their_picture) <= tolerance
        assert our_ms == pytest.approx(their_ms, abs=1)


@pytest.mark.parametrize("seed", SEEDS)
def test_gif_is_drawn_as_chromium_draws_it(page: Page, seed: int) -> None:
    assert_same(page, draw_gif(Random(seed)), "image/gif")  # noqa: S311 - chance, not a secret


@pytest.mark.parametrize("seed", SEEDS)
def test_apng_is_drawn_as_chromium_draws_it(page: Page, seed: int) -> None:
    assert_same(page, draw_apng(Random(seed)), "image/png")  # noqa: S311 - same


def draw_pictures() -> list[Image.Image]:
    first = draw_quadrants(61, 47, "RGBA")
    others = [first.transpose(turn) for turn in (Image.Transpose.ROTATE_180, Image.Transpose.FLIP_TOP_BOTTOM)]
    first.putalpha(128)
    return [first, *others]


@pytest.mark.parametrize("loops", [0, 1, 3])
def test_webp_is_drawn_as_chromium_draws_it(page: Page, loops: int) -> None:
    first, *others = draw_pictures()
    options: dict[str, Any] = {"save_all": True, "append_images": others, "duration": [40, 5, 300]}
    assert_same(page, encode(first, "WEBP", lossless=True, loop=loops, **options), "image/webp")


def test_avif_is_drawn_as_chromium_draws_it(page: Page) -> None:
    first, *others = [picture.convert("RGB") for picture in draw_pictures()]
    options: dict[str, Any] = {"save_all": True, "append_images": others, "duration": [40, 5, 300]}
    data = encode(first, "AVIF", quality=95, subsampling="4:4:4", **options)
    assert_same(page, data, "image/avif", AVIF_TOLERANCE)


def test_rendition_moves_in_a_page_as_its_original_does(page: Page, stack: Stack) -> None:
    frames = [GifFrame((0, 0, 40, 40), (RED,), CLEAR, ticks=4), GifFrame((40, 0, 40, 40), (BLUE,), ticks=1)]
    data = make_gif((80, 40), frames, loops=2)
    with httpx.Client(base_url=stack.api_url) as api:
        image = await_end(api, upload_json(api, data, visibility="public")["id"])
    rendition = image["renditions"]["animation"]
    assert (rendition["width"], rendition["height"], rendition["contentType"]) == (80, 40, "image/webp")
    moving = httpx.get(rendition["url"])
    assert moving.headers["content-type"] == "image/webp"
    plays, shown = decode(page, moving.content, "image/webp")
    _, expected = decode(page, data, "image/gif")
    assert plays == 3
    assert [milliseconds for _, milliseconds in shown] == [40, 100]
    for (ours, _), (theirs, _) in zip(shown, expected, strict=True):
        assert ours.getchannel("A").tobytes() == theirs.getchannel("A").tobytes()
        assert measure_difference(ours, theirs) < 60  # at the edges, in half of the colours' resolution
