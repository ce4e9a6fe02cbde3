"""Compares settings for the formats of variants, and the renditions that variants can be made of.

PYTHONPATH=src:. python benchmarks/formats.py [--sources] [PHOTO...]

The script makes its own pictures. PHOTO is the path of a JPEG that it measures too. Every candidate runs
through the whole of `make_variant`, from a rendition as the service stores it. Likeness is the SSIM against
the original, decoded in full, resized in one step with Lanczos, and not encoded.
"""

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import product
from pathlib import Path
from statistics import geometric_mean, mean
from typing import Any
from unittest.mock import patch

from PIL import Image, ImageOps

from benchmarks.likeness import compare
from benchmarks.pictures import make_graphic, make_photo, make_screenshot
from imaging import variants
from imaging.renditions import render
from imaging.reports import EncodedRendition
from shared.models import Rendition
from shared.renditions import RenditionName
from shared.variants import Variant, VariantFormat, VariantRequest, choose_source

ROUNDS = 3
WIDTHS_PX = (320, 640, 1280)
AVIF, WEBP, JPEG, PNG = VariantFormat

type Options = Mapping[str, Any]

CANDIDATES: dict[VariantFormat, list[Options]] = {
    WEBP: [
        {"quality": quality, "method": method}
        for quality, method in product((70, 75, 80, 85), (0, 1, 2, 3, 4))
    ],
    AVIF: [
        {"quality": quality, "speed": speed, "max_threads": 1}
        for quality, speed in product((40, 45, 50, 55, 60, 65), (6, 7, 8, 9, 10))
    ],
    JPEG: [
        {"quality": quality, "progressive": progressive, "optimize": optimize, "subsampling": subsampling}
        for quality, (progressive, optimize), subsampling in product(
            (70, 75, 80, 85), ((False, False), (False, True), (True, True)), ("4:2:0", "4:4:4")
        )
    ],
    PNG: [{"compress_level": level} for level in (1, 2, 3, 4, 6, 9)],
}


@dataclass(frozen=True)
class Picture:
    """An original and its renditions."""

    original: Image.Image
    renditions: dict[RenditionName, EncodedRendition]

    @classmethod
    def read(cls, data: bytes) -> "Picture":
        return cls(ImageOps.exif_transpose(Image.open(BytesIO(data))), render(data).renditions)

    @property
    def stored(self) -> dict[RenditionName, Rendition]:
        return {
            name: Rendition(width=made.width, height=made.height, size=len(made.data))
            for name, made in self.renditions.items()
        }

    def resolve(self, width: int, variant_format: VariantFormat) -> Variant:
        return VariantRequest(width).resolve(self.stored, variant_format)

    def make_reference(self, variant: Variant) -> Image.Image:
        mode = "RGBA" if self.original.has_transparency_data else "RGB"
        size = (variant.width, variant.height)
        return self.original.convert(mode).resize(size, Image.Resampling.LANCZOS)


@dataclass(frozen=True)
class Figures:
    """The figures of one candidate for one picture and size."""

    size: int
    likeness: float
    cpu_seconds: float


def measure(source: bytes, variant: Variant, options: Options, reference: Image.Image) -> Figures:
    rounds = []
    with patch.dict(variants.OPTIONS, {variant.format: options}):
        for _ in range(ROUNDS):
            start = time.process_time()
            data = variants.make_variant(source, variant)
            rounds.append(time.process_time() - start)
    return Figures(len(data), compare(Image.open(BytesIO(data)), reference), min(rounds))


def compare_options(pictures: Mapping[str, Picture], variant_format: VariantFormat) -> None:
    """Print a line for each candidate: the means over all pictures and sizes."""
    print(f"\n{variant_format}; CPU with decoding and scaling")
    current = variants.OPTIONS[variant_format]
    for options in dict.fromkeys(map(_freeze, [current, *CANDIDATES[variant_format]])):
        figures = [
            measure(
                picture.renditions[choose_source(picture.stored, variant)].data,
                variant,
                dict(options),
                picture.make_reference(variant),
            )
            for picture in pictures.values()
            for width in WIDTHS_PX
            for variant in [picture.resolve(width, variant_format)]
        ]
        print(f"{_name(options):70}{_describe(figures)}{' (now)' if options == _freeze(current) else ''}")


def compare_sources(pictures: Mapping[str, Picture]) -> None:
    """Print what each rendition is worth as the source of each width."""
    print(f"\n{'source':50}{'of WebP':>20}")
    for name, picture in pictures.items():
        for width in (64, *WIDTHS_PX, 960):
            variant = picture.resolve(width, WEBP)
            reference = picture.make_reference(variant)
            for source, made in picture.renditions.items():
                if made.width >= variant.width:
                    figures = measure(made.data, variant, variants.OPTIONS[WEBP], reference)
                    print(
                        f"{name:20}{variant.width:6} of {source!s:12}{made.width / variant.width:6.2f} x"
                        f"{_describe([figures])}"
                    )


def _describe(figures: Sequence[Figures]) -> str:
    size = geometric_mean(each.size for each in figures)
    likeness = mean(each.likeness for each in figures)
    cpu_seconds = geometric_mean(each.cpu_seconds for each in figures)
    return f"{size / 1000:10.1f} kB{likeness:9.4f} SSIM{cpu_seconds * 1000:8.1f} ms"


def _freeze(options: Options) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(options.items()))


def _name(options: tuple[tuple[str, Any], ...]) -> str:
    return ", ".join(f"{name} {value}" for name, value in options if name != "max_threads")


def read_pictures(paths: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    yield "photo 12 MP", make_photo(4000, 3000, grain=12)
    yield "photo 12 MP, fine", make_photo(4000, 3000, grain=4)
    for path in paths:
        yield path.name, path.read_bytes()


def main(paths: Sequence[Path], *, sources: bool) -> None:
    photos = {name: Picture.read(data) for name, data in read_pictures(paths)}
    drawings = {"screenshot": Picture.read(make_screenshot()), "graphic": Picture.read(make_graphic())}
    if sources:
        compare_sources(photos | drawings)
        return
    for title, pictures in {"photos": photos, "drawings": drawings}.items():
        print(f"\n== {title}")
        for variant_format in VariantFormat:
            compare_options(pictures, variant_format)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sources", action="store_true", help="compare renditions as sources")
    parser.add_argument("photos", metavar="PHOTO", type=Path, nargs="*", help="path of a JPEG")
    arguments = parser.parse_args()
    main(arguments.photos, sources=arguments.sources)
