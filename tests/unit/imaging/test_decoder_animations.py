"""Animations in the decoder's process. The image stays when its animation fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from imaging.animations.animation import make_animation
from imaging.decoder import Decoder
from imaging.renditions import render
from imaging.reports import EncodedRendition
from shared.renditions import RenditionName
from tests.support.animations import GifFrame, make_gif
from tests.support.pictures import make_animation as encode_frames

if TYPE_CHECKING:
    from collections.abc import Iterator

MEGABYTE = 2**20
SECONDS = 30


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    decoder = Decoder(cpu_seconds=10, memory_bytes=500 * MEGABYTE)
    yield decoder
    decoder.stop()


@pytest.mark.parametrize("image_format", ["GIF", "PNG", "WEBP", "AVIF"])
def test_animation_is_made_as_in_one_process(decoder: Decoder, image_format: str) -> None:
    data = encode_frames(image_format)
    rendered = decoder.render(data, SECONDS)
    animation = rendered.renditions.pop(RenditionName.ANIMATION)
    assert rendered == render(data)
    assert animation == EncodedRendition(make_animation(data), 80, 40)


def test_image_stays_without_an_animation_that_is_beyond_its_bounds() -> None:
    """Decoding this one takes more processor time than there is."""
    frames = [GifFrame((0, 0, 1, 1), (at % 4,)) for at in range(400)]
    data = make_gif((5000, 5000), frames)
    decoder = Decoder(cpu_seconds=3, memory_bytes=500 * MEGABYTE)
    try:
        assert decoder.render(data, SECONDS) == render(data)
    finally:
        decoder.stop()


@pytest.mark.parametrize(
    "failure",
    ["1 / 0", "bytes(10**10)", "os.kill(os.getpid(), 9)", "time.sleep(60)"],
    ids=lambda failure: failure,
)
def test_failure_of_an_animation_leaves_the_image_as_it_is(failure: str) -> None:
    spoil = f"worker.make_animation = lambda _: {failure}"
    code = f"import os, sys, time\nfrom imaging import worker\n{spoil}\nworker.main(sys.argv[1:])"
    decoder = Decoder(cpu_seconds=10, memory_bytes=500 * MEGABYTE, command=("-c", code))
    data = encode_frames("GIF")
    try:
        assert decoder.render(data, 2) == render(data)
    finally:
        decoder.stop()
