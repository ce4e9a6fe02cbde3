"""Compares settings for the renditions: their bytes, their likeness to the original and their processor time.

PYTHONPATH=src:. python benchmarks/quality.py [PHOTO...]

The script makes its own pictures. PHOTO is the path of a JPEG that it measures too, without a colour
profile. Every candidate runs through the whole of `render`. Likeness is the SSIM against a reference. The
reference has the same crop, but it is decoded in full, resized in one step with Lanczos, and not encoded.
For comparison, one candidate writes the same pixels as JPEG of quality 80. A run takes a quarter of an
hour.
"""

import argparse
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import pairwise, product
from pathlib import Path
from statistics import geometric_mean, mean
from typing import Any
from unittest.mock import patch

from PIL import Image, ImageOps
from PIL.JpegImagePlugin import JpegImageFile

from benchmarks.likeness import compare, put_on_white
from benchmarks.pictures import make_collage, make_graphic, make_photo, make_screenshot
from imaging import renditions, transforms
from imaging.renditions import render
from imaging.reports import EncodedRendition, Rendered
from shared.renditions import RenditionName

MAX_ROUNDS = 3
ENOUGH_SECONDS = 1.5
"""Processor time after which a measurement needs no further rounds."""
QUALITIES = (70, 75, 80, 85, 90)
METHODS = range(7)
GAPS = (None, 1.5, 2.0, 3.0)
RESAMPLINGS = (Image.Resampling.LANCZOS, Image.Resampling.BICUBIC, Image.Resampling.HAMMING)
NAMES = tuple(sorted(RenditionName, key=lambda name: -name.edge_px))

type References = dict[RenditionName, Image.Image]


@dataclass(frozen=True)
class Settings:
    """The settings of one candidate. The defaults are those that the service uses."""

    quality: int = renditions.WEBP_QUALITY
    method: int = renditions.WEBP_METHOD
    gap: float | None = transforms.REDUCING_GAP
    resampling: Image.Resampling = transforms.RESAMPLING
    draft: bool = True
    encoder: str = "WebP"

    def __str__(self) -> str:
        encoding = f"q{self.quality} m{self.method}" if self.encoder == "WebP" else self.encoder
        scaling = (
            f"{self.resampling.name.lower()}, gap {self.gap or '-'}, draft {'on' if self.draft else 'off'}"
        )
        return f"{encoding}, {scaling}"


CURRENT = Settings()
JPEG = Settings(encoder="JPEG q80")
LOSSLESS = Settings(encoder="WebP lossless")
ENCODINGS = [
    replace(CURRENT, quality=quality, method=method) for quality, method in product(QUALITIES, METHODS)
]
SCALINGS = [
    *(replace(CURRENT, resampling=resampling) for resampling in RESAMPLINGS),
    *(replace(CURRENT, draft=draft, gap=gap) for draft, gap in product((True, False), GAPS)),
]
CANDIDATES = list(dict.fromkeys([CURRENT, JPEG, LOSSLESS, *ENCODINGS, *SCALINGS]))


@dataclass(frozen=True)
class Figures:
    """The figures of one candidate for one picture."""

    sizes: dict[RenditionName, int]
    likeness: dict[RenditionName, float]
    cpu_seconds: float

    @property
    def size(self) -> int:
        return sum(self.sizes.values())

    @property
    def mean_likeness(self) -> float:
        return mean(self.likeness.values())


def encode_as_jpeg(image: Image.Image) -> EncodedRendition:
    file = BytesIO()
    put_on_white(image).save(file, "JPEG", quality=80)
    return EncodedRendition(file.getvalue(), *image.size)


def encode_losslessly(image: Image.Image) -> EncodedRendition:
    file = BytesIO()
    image.save(file, "WEBP", lossless=True, method=renditions.WEBP_METHOD)
    return EncodedRendition(file.getvalue(), *image.size)


ENCODERS = {JPEG.encoder: encode_as_jpeg, LOSSLESS.encoder: encode_losslessly}


@contextmanager
def patch_settings(settings: Settings) -> Iterator[None]:
    """Make `render` use these settings inside the block."""
    encoding: dict[str, Any] = {"WEBP_QUALITY": settings.quality, "WEBP_METHOD": settings.method}
    if settings.encoder in ENCODERS:
        encoding["_encode"] = ENCODERS[settings.encoder]
    with ExitStack() as stack:
        stack.enter_context(patch.multiple(renditions, **encoding))
        stack.enter_context(
            patch.multiple(transforms, RESAMPLING=settings.resampling, REDUCING_GAP=settings.gap)
        )
        if not settings.draft:
            stack.enter_context(patch.object(JpegImageFile, "draft"))
        yield


def measure(data: bytes, settings: Settings, references: References) -> Figures:
    with patch_settings(settings):
        cpu_seconds, rendered = measure_cpu_seconds(render, data)
    encoded = rendered.renditions
    return Figures(
        {name: len(encoded[name].data) for name in NAMES},
        {name: compare(Image.open(BytesIO(encoded[name].data)), references[name]) for name in NAMES},
        cpu_seconds,
    )


def measure_cpu_seconds(function: Callable[[bytes], Rendered], data: bytes) -> tuple[float, Rendered]:
    """Return the fastest of several rounds, because other programs can only make a round slower."""
    rounds: list[float] = []
    while len(rounds) < MAX_ROUNDS and sum(rounds) < ENOUGH_SECONDS:
        start = time.process_time()
        result = function(data)
        rounds.append(time.process_time() - start)
    return min(rounds), result


def read_photo(path: Path) -> bytes:
    with Image.open(path) as photo:
        if "icc_profile" in photo.info:
            raise SystemExit(f"{path} has a colour profile. Name a photo without one.")
    return path.read_bytes()


def make_references(data: bytes) -> References:
    """Make the picture that each rendition is compared with. `fit` gives it the same size and crop."""
    image = ImageOps.exif_transpose(Image.open(BytesIO(data)))
    with patch_settings(replace(CURRENT, resampling=Image.Resampling.LANCZOS, gap=None)):
        return {name: transforms.fit(image, image.size, name) for name in NAMES}


def interpolate_size(likeness: float, points: Sequence[tuple[float, int]]) -> float:
    """Estimate the bytes for a likeness from points of likeness and bytes, between the two nearest points."""
    points = sorted(points)
    pairs = list(pairwise(points))
    (x0, y0), (x1, y1) = next((pair for pair in pairs if pair[1][0] >= likeness), pairs[-1])
    share = (likeness - x0) / (x1 - x0) if x1 > x0 else 0
    return y0 * (y1 / y0) ** share


def estimate_size_at_current_likeness(figures: dict[Settings, Figures], settings: Settings) -> float:
    """Estimate the bytes of all renditions if these settings had the likeness of the current ones.

    Returns NaN if the settings were not measured with every quality.
    """
    others = [replace(settings, quality=quality) for quality in QUALITIES]
    if not set(others) <= set(figures):
        return math.nan
    return sum(
        interpolate_size(
            likeness, [(figures[other].likeness[name], figures[other].sizes[name]) for other in others]
        )
        for name, likeness in figures[CURRENT].likeness.items()
    )


def main(paths: Sequence[Path]) -> None:
    named = {path.name: read_photo(path) for path in paths}
    photos = {
        "photo 12 MP": make_photo(4000, 3000),
        "photo 24 MP": make_photo(6000, 4000),
        "photo 48 MP, PNG": make_photo(8000, 6000, "PNG", grain=1),
        **named,
    }
    if named:
        photos["collage"] = make_collage(list(named.values()))
    drawings = {"screenshot": make_screenshot(), "graphic": make_graphic()}
    print(f"current settings: {CURRENT}")
    measured = {name: measure_all(name, data) for name, data in (photos | drawings).items()}
    summarize("all photos", [measured[name] for name in photos])
    summarize("all drawings", [measured[name] for name in drawings])


def measure_all(label: str, data: bytes) -> dict[Settings, Figures]:
    """Measure every candidate with one picture, and print a line for each."""
    references = make_references(data)
    measured = {settings: measure(data, settings, references) for settings in CANDIDATES}
    now, jpeg = measured[CURRENT], measured[JPEG]
    ratios = f"{'x now':>7}{'x JPEG':>7}"
    columns = "".join(f"{name:>10}" for name in NAMES)
    print(f"\n{label}, {len(data) / 1e6:.2f} MB; x: ratios to the current settings and to JPEG")
    print(f"{'':42}{'kB':>8}{ratios}{'SSIM':>8}{ratios}{'CPU ms':>8}{ratios}  kB  {columns}  SSIM{columns}")
    for settings, figures in measured.items():
        print(
            f"{settings!s:42}"
            f"{figures.size / 1000:8.0f}{figures.size / now.size:7.2f}{figures.size / jpeg.size:7.2f}"
            f"{figures.mean_likeness:8.4f}{figures.mean_likeness / now.mean_likeness:7.3f}"
            f"{figures.mean_likeness / jpeg.mean_likeness:7.3f}"
            f"{figures.cpu_seconds * 1000:8.0f}{figures.cpu_seconds / now.cpu_seconds:7.2f}"
            f"{figures.cpu_seconds / jpeg.cpu_seconds:7.2f}"
            f"      {''.join(f'{size / 1000:10.1f}' for size in figures.sizes.values())}"
            f"      {''.join(f'{likeness:10.4f}' for likeness in figures.likeness.values())}"
        )
    return measured


def summarize(title: str, pictures: Sequence[dict[Settings, Figures]]) -> None:
    """Print the means of the ratios. Each picture counts the same."""
    columns = "".join(f"{name:>10}" for name in NAMES)
    print(f"\n{title}, as ratios to the current settings; '=SSIM': the bytes for the current SSIM")
    print(f"{'':42}{'bytes':>8}{'=SSIM':>8}{'CPU':>8}  lowest SSIM{columns}")
    for settings in CANDIDATES:
        pairs = [(measured[settings], measured[CURRENT]) for measured in pictures]
        sizes = [
            estimate_size_at_current_likeness(measured, settings) / measured[CURRENT].size
            for measured in pictures
        ]
        lowest = [min(figures.likeness[name] for figures, _ in pairs) for name in NAMES]
        print(
            f"{settings!s:42}"
            f"{geometric_mean(figures.size / now.size for figures, now in pairs):8.3f}"
            f"{mean(sizes):8.3f}"
            f"{geometric_mean(figures.cpu_seconds / now.cpu_seconds for figures, now in pairs):8.3f}"
            f"             {''.join(f'{likeness:10.4f}' for likeness in lowest)}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", metavar="PHOTO", type=Path, nargs="*", help="path of a JPEG")
    main(parser.parse_args().photos)
