"""Compares the processor time of a variant with thumbor and libvips, at the same likeness.

PYTHONPATH=src:. python benchmarks/delivery.py ENVIRONMENT [PHOTO]

ENVIRONMENT is the folder of a virtual environment as `benchmarks/contenders.py` needs it. PHOTO is the path
of a JPEG. Without it, the script makes a photo of 12 megapixels.
The service makes a variant as it does in a deployment: a stored rendition goes to the decoder's process. The
others begin with the original, because they store nothing else. Each of them gets the quality at which its
picture is as similar to the original as ours. Then all make the same variant in turns.
"""

from __future__ import annotations

import argparse
import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from PIL import Image

from app.dependencies import VARIANT_MEMORY_BYTES
from benchmarks.contenders import (
    Libvips,
    Order,
    Thumbor,
    read_cpu_seconds,
    run_libvips,
    run_thumbor,
)
from benchmarks.formats import Picture
from benchmarks.likeness import compare
from benchmarks.pictures import make_photo
from imaging.decoder import Decoder
from imaging.variants import OPTIONS
from shared.variants import Variant, VariantFormat, choose_source, find_rendition

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


WIDTH_PX = 640
ROUNDS = 5
REPEATS = 4
"""Variants in a round: the clock of a process ticks every 10 ms."""
QUALITIES = range(40, 98, 3)
PATIENCE_SECONDS = 60
FORMATS = (VariantFormat.WEBP, VariantFormat.JPEG, VariantFormat.AVIF)


type Contender = Thumbor | Libvips


@dataclass(frozen=True)
class Goal:
    """The variant that all make, and the picture that it is compared with."""

    variant: Variant
    reference: Image.Image


class Service:
    """The work of the service on a variant, after it has read the source from the bucket."""

    name = "service"

    def __init__(self, picture: Picture, decoder: Decoder) -> None:
        self._picture = picture
        self._decoder = decoder

    def make(self, variant: Variant) -> bytes:
        if name := find_rendition(self._picture.stored, variant):
            return self._picture.renditions[name].data
        return self.transform(variant)

    def transform(self, variant: Variant) -> bytes:
        source = choose_source(self._picture.stored, variant)
        return self._decoder.make_variant(self._picture.renditions[source].data, variant, PATIENCE_SECONDS)

    def read_cpu_seconds(self) -> float:
        """Both processes count."""
        worker = self._decoder._get_worker().process.pid  # noqa: SLF001 - nothing else knows the process
        return time.process_time() + read_cpu_seconds(worker)


def measure(process: Contender | Service, make: Callable[[], object]) -> float:
    """Return the processor time of one variant."""
    before = process.read_cpu_seconds()
    for _ in range(REPEATS):
        make()
    return (process.read_cpu_seconds() - before) / REPEATS


def find_order(contender: Contender, variant: Variant, reference: Image.Image, likeness: float) -> Order:
    """Return the order whose picture is about as similar to the original as ours."""

    def distance(order: Order) -> float:
        return abs(measure_likeness(contender.make(order), reference) - likeness)

    return min((Order(variant.width, variant.format, quality) for quality in QUALITIES), key=distance)


def measure_likeness(data: bytes, reference: Image.Image) -> float:
    return compare(Image.open(BytesIO(data)), reference)


def compare_way(
    way: str, service: Service, make: Callable[[], bytes], contenders: Sequence[Contender], goal: Goal
) -> None:
    """Print what one way of the service takes, and what the others take for the same picture."""
    ours = make()
    likeness = measure_likeness(ours, goal.reference)
    orders = [find_order(each, goal.variant, goal.reference, likeness) for each in contenders]
    runs = [partial(measure, service, make)]
    for each, order in zip(contenders, orders, strict=True):
        runs.append(partial(measure, each, partial(each.make, order)))
    rounds = [[run() for run in runs] for _ in range(ROUNDS)]
    now, *theirs = (median(column) for column in zip(*rounds, strict=True))
    print(f"\n{goal.variant.format} {goal.variant.width} x {goal.variant.height}")
    print(f"{way:22}{len(ours) / 1000:9.1f} kB{likeness:9.4f} SSIM{now * 1000:8.1f} ms")
    for each, order, seconds in zip(contenders, orders, theirs, strict=True):
        made = each.make(order)
        print(
            f"{each.name + f', quality {order.quality}':22}{len(made) / 1000:9.1f} kB"
            f"{measure_likeness(made, goal.reference):9.4f} SSIM{seconds * 1000:8.1f} ms"
            f"   service: {now / seconds:5.2f} x time, {len(ours) / len(made):5.2f} x bytes"
        )


def compare_format(
    service: Service, contenders: Sequence[Contender], picture: Picture, variant_format: VariantFormat
) -> None:
    variant = picture.resolve(WIDTH_PX, variant_format)
    goal = Goal(variant, picture.make_reference(variant))
    if find_rendition(picture.stored, variant):
        compare_way("stored rendition", service, partial(service.make, variant), contenders, goal)
    compare_way("made of a rendition", service, partial(service.transform, variant), contenders, goal)


def main(environment: Path, photo: Path | None) -> None:
    original = photo.read_bytes() if photo else make_photo(4000, 3000)
    picture = Picture.read(original)
    print(f"{picture.original.width} x {picture.original.height} JPEG, {len(original) / 1e6:.2f} MB")
    with ExitStack() as stack:
        decoder = Decoder(cpu_seconds=PATIENCE_SECONDS, memory_bytes=VARIANT_MEMORY_BYTES)
        stack.callback(decoder.stop)
        contenders: list[Contender] = [
            stack.enter_context(run_thumbor(environment, original, OPTIONS[VariantFormat.AVIF]["speed"])),
            stack.enter_context(run_libvips(environment, original)),
        ]
        for variant_format in FORMATS:
            compare_format(Service(picture, decoder), contenders, picture, variant_format)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("environment", metavar="ENVIRONMENT", type=Path)
    parser.add_argument("photo", metavar="PHOTO", type=Path, nargs="?")
    arguments = parser.parse_args()
    main(arguments.environment, arguments.photo)
