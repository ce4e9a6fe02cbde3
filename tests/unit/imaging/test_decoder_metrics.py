"""The decoder's processor time and memory, as the kernel counts them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from imaging.decoder import Decoder
from shared.errors import UnacceptableImage
from shared.metrics import Metrics
from tests.support.pictures import draw_quadrants, encode

if TYPE_CHECKING:
    from collections.abc import Iterator

MEGABYTE = 2**20


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("a", "processor")


@pytest.fixture
def decoder(metrics: Metrics) -> Iterator[Decoder]:
    decoder = Decoder(cpu_seconds=10, memory_bytes=500 * MEGABYTE, metrics=metrics)
    yield decoder
    decoder.stop()


def measure(metrics: Metrics, capsys: pytest.CaptureFixture[str]) -> tuple[list[float], list[float]]:
    """Return processor seconds and megabytes, one of each for every order."""
    metrics.flush()
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    return line["DecoderSeconds"], line["DecoderMemory"]


def test_large_image_takes_more_time_and_memory_than_a_small_one(
    decoder: Decoder, metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = (64, 3000)
    for size in sizes:
        decoder.render(encode(draw_quadrants(size, size), "PNG"), 30)
    (small_seconds, large_seconds), (small_mb, large_mb) = measure(metrics, capsys)
    assert 0 < small_seconds < large_seconds < 10
    assert 20 < small_mb < large_mb < 600
    assert large_mb - small_mb > 3000 * 3000 * 3 / 1e6 / 2


def test_refused_image_counts_too(
    decoder: Decoder, metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = encode(draw_quadrants(64, 64), "PNG")
    with pytest.raises(UnacceptableImage):
        decoder.render(picture[:120], 30)
    seconds, megabytes = measure(metrics, capsys)
    assert len(seconds) == len(megabytes) == 1


def test_decoder_that_dies_is_measured(metrics: Metrics, capsys: pytest.CaptureFixture[str]) -> None:
    command = ("-m", "tests.support.hostile_worker", "spin")
    decoder = Decoder(cpu_seconds=1, memory_bytes=200 * MEGABYTE, metrics=metrics, command=command)
    try:
        with pytest.raises(UnacceptableImage):
            decoder.render(b"x", 30)
    finally:
        decoder.stop()
    ((seconds,), _) = measure(metrics, capsys)
    assert seconds == pytest.approx(1, abs=0.5)
