"""Compares the processor time of a variant with thumbor and libvips, and of the answers with each other.

PYTHONPATH=src:. python benchmarks/delivery.py ENVIRONMENT [PHOTO...]

ENVIRONMENT is the folder of a virtual environment as `benchmarks/contenders.py` needs it. The script makes a
photo of 12 megapixels and 4 MB. PHOTO is the path of a JPEG that it measures too.

What counts is the work on one variant, with what it takes on top of a request. For the service that is the
decoder: the process that forks for each image, decodes a stored rendition and encodes the variant, and the
checks of the function. For thumbor it is its server, which answers a request of HTTP and reads the original
from a file. For libvips it is its process, which has the original in memory. They begin with the original,
because they store nothing else.
Each of them gets the quality at which its picture is as similar to the original as ours. Then all make the
same variant in turns. Their encoders have the efforts of their defaults. For AVIF a second thumbor has the
speed of the service: the default takes longer and makes smaller files.

The answers come from the API's function in one process: a stored rendition, a 304, and the redirect to a
signed URL of S3, which was the answer for every rendition before.
"""

from __future__ import annotations

import argparse
import time
from bisect import bisect_left
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from PIL import Image

from app.variants import VARIANT_MEMORY_BYTES
from benchmarks.contenders import (
    Libvips,
    Order,
    Thumbor,
    read_cpu_seconds,
    run_libvips,
    run_thumbor,
)
from benchmarks.costs import Stopwatch
from benchmarks.formats import Picture
from benchmarks.likeness import compare
from benchmarks.pictures import make_photo
from imaging.decoder import Decoder
from imaging.variants import OPTIONS
from shared.variants import Variant, VariantFormat, choose_source, find_rendition
from tests.support.costs.meter import Meter
from tests.support.costs.operations import OPERATIONS
from tests.support.costs.operations import measure as measure_operation
from tests.support.costs.world import World, run_deployment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


WIDTH_PX = 640
ROUNDS = 7
REPEATS = 10
"""Variants in a round: the clock of a process ticks every 10 ms."""
QUALITIES = range(5, 98)
NEAR_QUALITIES = 2
"""Likeness does not always grow with the quality. So as many beside the one that was found are tried."""
PATIENCE_SECONDS = 60
FORMATS = (VariantFormat.WEBP, VariantFormat.JPEG, VariantFormat.AVIF)
ANSWERS = (
    "View of a thumbnail",
    "View of a large rendition",
    "View of a thumbnail, not modified (304)",
    "Download of the original",
)
"""The last one is a redirect."""
ANSWER_ROUNDS = 50


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


def find_order(contender: Contender, goal: Goal, likeness: float) -> Order:
    """Return the order whose picture is about as similar to the original as ours."""

    def try_quality(quality: int) -> float:
        return measure_likeness(contender.make(Order(goal.variant, quality)), goal.reference)

    found = bisect_left(QUALITIES, likeness, key=try_quality)
    near = QUALITIES[max(0, found - NEAR_QUALITIES) : found + NEAR_QUALITIES + 1]
    return Order(goal.variant, min(near, key=lambda quality: abs(try_quality(quality) - likeness)))


def measure_likeness(data: bytes, reference: Image.Image) -> float:
    return compare(Image.open(BytesIO(data)), reference)


def compare_way(
    way: str, service: Service, make: Callable[[], bytes], contenders: Sequence[Contender], goal: Goal
) -> None:
    """Print what one way of the service takes, and what the others take for the same picture."""
    ours = make()
    likeness = measure_likeness(ours, goal.reference)
    orders = [find_order(each, goal, likeness) for each in contenders]
    runs = [partial(measure, service, make)]
    for each, order in zip(contenders, orders, strict=True):
        runs.append(partial(measure, each, partial(each.make, order)))
    rounds = [[run() for run in runs] for _ in range(ROUNDS)]
    now, *theirs = (median(column) for column in zip(*rounds, strict=True))
    print(f"\n{goal.variant.format} {goal.variant.width} x {goal.variant.height}")
    print(f"{way:30}{len(ours) / 1000:9.1f} kB{likeness:9.4f} SSIM{now * 1000:8.1f} ms")
    for each, order, seconds in zip(contenders, orders, theirs, strict=True):
        made = each.make(order)
        print(
            f"{each.name + f', quality {order.quality}':30}{len(made) / 1000:9.1f} kB"
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


def compare_variants(environment: Path, original: bytes) -> None:
    picture = Picture.read(original)
    print(f"\n== {picture.original.width} x {picture.original.height} JPEG, {len(original) / 1e6:.2f} MB")
    with ExitStack() as stack:
        decoder = Decoder(cpu_seconds=PATIENCE_SECONDS, memory_bytes=VARIANT_MEMORY_BYTES)
        stack.callback(decoder.stop)
        service = Service(picture, decoder)
        speed = OPTIONS[VariantFormat.AVIF]["speed"]
        as_fast = stack.enter_context(run_thumbor(environment, original, speed))
        contenders: list[Contender] = [
            stack.enter_context(run_thumbor(environment, original)),
            stack.enter_context(run_libvips(environment, original)),
        ]
        for variant_format in FORMATS:
            others = [as_fast] if variant_format is VariantFormat.AVIF else []
            compare_format(service, [*contenders, *others], picture, variant_format)


def compare_answers() -> None:
    """Print the processor time of the function, without that of the emulated AWS services."""
    with run_deployment() as deployment:
        world = World(Meter(deployment, Stopwatch(deployment.wire)))
        world.fill()
        rounds = [
            [measure_operation(world, name, OPERATIONS[name]).runs[0].processor_seconds for name in ANSWERS]
            for _ in range(ANSWER_ROUNDS)
        ]
    print("\n== answers")
    for name, column in zip(ANSWERS, zip(*rounds, strict=True), strict=True):
        print(f"{name:42}{median(column) * 1000:8.1f} ms")


def main(environment: Path, photos: Sequence[Path]) -> None:
    compare_answers()
    for original in [make_photo(4000, 3000), *(photo.read_bytes() for photo in photos)]:
        compare_variants(environment, original)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("environment", metavar="ENVIRONMENT", type=Path)
    parser.add_argument("photos", metavar="PHOTO", type=Path, nargs="*", help="path of a JPEG")
    arguments = parser.parse_args()
    main(arguments.environment, arguments.photos)
