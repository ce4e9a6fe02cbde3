"""What other settings of the renditions would cost and give: bytes, likeness and processor time.

PYTHONPATH=src:. python benchmarks/quality.py

Every candidate goes through `render` as a whole. Likeness is that to references which are decoded in full,
turned upright, shrunk by Lanczos in one step and not encoded. The peer is JPEG of quality 80, of the same
pixels and by the same library. Takes a quarter of an hour.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import pairwise, product
from statistics import geometric_mean, mean
from typing import Any, cast
from unittest.mock import patch

from PIL import Image, ImageMath, ImageOps
from PIL.JpegImagePlugin import JpegImageFile

from benchmarks.pictures import find_photos, make_graphic, make_photo, make_screenshot
from imaging import renditions, transforms
from imaging.renditions import render
from imaging.reports import EncodedRendition, Rendered
from shared.renditions import RenditionName

MAX_ROUNDS = 3
ENOUGH_SECONDS = 1.5
"""Of processor time: what took that long is measured well enough."""
QUALITIES = (70, 75, 80, 85, 90)
METHODS = range(7)
GAPS = (None, 1.5, 2.0, 3.0)
RESAMPLINGS = (Image.Resampling.LANCZOS, Image.Resampling.BICUBIC, Image.Resampling.HAMMING)
NAMES = tuple(sorted(RenditionName, key=lambda name: -name.edge_px))
WINDOW_PX = 8
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2

type References = dict[RenditionName, Image.Image]


@dataclass(frozen=True)
class Settings:
    """Those of `processor.renditions`, where nothing else is said."""

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
    """Of one picture with one candidate."""

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
def applied(settings: Settings) -> Iterator[None]:
    """`render` works as those say."""
    changes: dict[str, Any] = {
        "WEBP_QUALITY": settings.quality,
        "WEBP_METHOD": settings.method,
        "RESAMPLING": settings.resampling,
        "REDUCING_GAP": settings.gap,
    }
    if settings.encoder in ENCODERS:
        changes["_encode"] = ENCODERS[settings.encoder]
    with ExitStack() as stack:
        stack.enter_context(patch.multiple(renditions, **changes))
        if not settings.draft:
            stack.enter_context(patch.object(JpegImageFile, "draft"))
        yield


def measure(data: bytes, settings: Settings, references: References) -> Figures:
    with applied(settings):
        cpu_seconds, rendered = measure_cpu_seconds(render, data)
    encoded = rendered.renditions
    return Figures(
        {name: len(encoded[name].data) for name in NAMES},
        {name: compare(Image.open(BytesIO(encoded[name].data)), references[name]) for name in NAMES},
        cpu_seconds,
    )


def measure_cpu_seconds(function: Callable[[bytes], Rendered], data: bytes) -> tuple[float, Rendered]:
    """The least of several rounds: what disturbs a measurement only ever adds to it."""
    rounds: list[float] = []
    while len(rounds) < MAX_ROUNDS and sum(rounds) < ENOUGH_SECONDS:
        start = time.process_time()
        result = function(data)
        rounds.append(time.process_time() - start)
    return min(rounds), result


def make_references(data: bytes) -> References:
    image = ImageOps.exif_transpose(Image.open(BytesIO(data)))
    if "icc_profile" in image.info:
        raise ValueError("Pictures with a profile are not for this benchmark: theirs is not applied here.")
    sizes = {name: (item.width, item.height) for name, item in render(data).renditions.items()}
    return {name: image.resize(sizes[name], Image.Resampling.LANCZOS) for name in NAMES}


def put_on_white(image: Image.Image) -> Image.Image:
    page = Image.new("RGBA", image.size, "white")
    page.alpha_composite(image.convert("RGBA"))
    return page.convert("RGB")


def compare(image: Image.Image, reference: Image.Image) -> float:
    """SSIM of the luma, 1 for equals: the mean over windows of 8 x 8 pixels, side by side.

    Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli: Image Quality Assessment: From Error Visibility to
    Structural Similarity. IEEE Transactions on Image Processing 13 (4), 2004, equation 13.
    """
    x, y = get_luma(image), get_luma(reference)
    means = {
        key: average(calculate(function, x=x, y=y), WINDOW_PX)
        for key, function in {
            "x": lambda of: of["x"] * 1,
            "y": lambda of: of["y"] * 1,
            "xx": lambda of: of["x"] * of["x"],
            "yy": lambda of: of["y"] * of["y"],
            "xy": lambda of: of["x"] * of["y"],
        }.items()
    }
    scores = calculate(
        lambda of: (
            (of["x"] * of["y"] * 2 + C1)
            * ((of["xy"] - of["x"] * of["y"]) * 2 + C2)
            / (of["x"] * of["x"] + of["y"] * of["y"] + C1)
            / (of["xx"] - of["x"] * of["x"] + of["yy"] - of["y"] * of["y"] + C2)
        ),
        **means,
    )
    return cast("float", average(scores, scores.size).getpixel((0, 0)))


def get_luma(image: Image.Image) -> Image.Image:
    """Of the part that whole windows cover."""
    width, height = (side - side % WINDOW_PX for side in image.size)
    return put_on_white(image).crop((0, 0, width, height)).convert("L").convert("F")


def calculate(function: Callable[[dict[str, Any]], Any], **images: Image.Image) -> Image.Image:
    return cast("Image.Image", ImageMath.lambda_eval(function, **images))


def average(image: Image.Image, window: int | tuple[int, int]) -> Image.Image:
    return image.reduce(window)


def find_size_at(likeness: float, points: Sequence[tuple[float, int]]) -> float:
    """The bytes that such a likeness takes, on the line between the two measurements nearest to it."""
    points = sorted(points)
    pairs = list(pairwise(points))
    (x0, y0), (x1, y1) = next((pair for pair in pairs if pair[1][0] >= likeness), pairs[-1])
    share = (likeness - x0) / (x1 - x0) if x1 > x0 else 0
    return y0 * (y1 / y0) ** share


def find_size_alike(figures: dict[Settings, Figures], settings: Settings) -> float:
    """The bytes of all renditions, were they as like as they are now; NaN where too little is measured."""
    others = [replace(settings, quality=quality) for quality in QUALITIES]
    if not set(others) <= set(figures):
        return math.nan
    return sum(
        find_size_at(
            likeness, [(figures[other].likeness[name], figures[other].sizes[name]) for other in others]
        )
        for name, likeness in figures[CURRENT].likeness.items()
    )


def main() -> None:
    photos = {
        "photo 12 MP": make_photo(4000, 3000),
        "photo 24 MP": make_photo(6000, 4000),
        "photo 48 MP, PNG": make_photo(8000, 6000, "PNG", grain=1),
        **find_photos(),
    }
    drawings = {"screenshot": make_screenshot(), "graphic": make_graphic()}
    print(f"now: {CURRENT}")
    measured = {name: measure_all(name, data) for name, data in (photos | drawings).items()}
    summarize("all photos", [measured[name] for name in photos])
    summarize("all drawings", [measured[name] for name in drawings])


def measure_all(name: str, data: bytes) -> dict[Settings, Figures]:
    references = make_references(data)
    figures = {settings: measure(data, settings, references) for settings in CANDIDATES}
    now, peer = figures[CURRENT], figures[JPEG]
    ratios = f"{'x now':>7}{'x JPEG':>7}"
    columns = "".join(f"{name:>10}" for name in NAMES)
    print(f"\n{name}, {len(data) / 1e6:.2f} MB")
    print(f"{'':36}{'kB':>8}{ratios}{'SSIM':>8}{ratios}{'CPU ms':>8}{ratios}  kB  {columns}  SSIM{columns}")
    for settings, of in figures.items():
        print(
            f"{settings!s:36}"
            f"{of.size / 1000:8.0f}{of.size / now.size:7.2f}{of.size / peer.size:7.2f}"
            f"{of.mean_likeness:8.4f}{of.mean_likeness / now.mean_likeness:7.3f}"
            f"{of.mean_likeness / peer.mean_likeness:7.3f}"
            f"{of.cpu_seconds * 1000:8.0f}{of.cpu_seconds / now.cpu_seconds:7.2f}"
            f"{of.cpu_seconds / peer.cpu_seconds:7.2f}"
            f"      {''.join(f'{size / 1000:10.1f}' for size in of.sizes.values())}"
            f"      {''.join(f'{likeness:10.4f}' for likeness in of.likeness.values())}"
        )
    return figures


def summarize(title: str, pictures: list[dict[Settings, Figures]]) -> None:
    """Means of the ratios, each picture counting the same."""
    columns = "".join(f"{name:>10}" for name in NAMES)
    print(f"\n{title}, x now; 'alike': the bytes for the SSIM of now")
    print(f"{'':36}{'bytes':>8}{'alike':>8}{'CPU':>8}  least SSIM{columns}")
    for settings in CANDIDATES:
        pairs = [(figures[settings], figures[CURRENT]) for figures in pictures]
        alike = [find_size_alike(figures, settings) / figures[CURRENT].size for figures in pictures]
        least = [min(of.likeness[name] for of, _ in pairs) for name in NAMES]
        print(
            f"{settings!s:36}"
            f"{geometric_mean(of.size / now.size for of, now in pairs):8.3f}"
            f"{mean(alike):8.3f}"
            f"{geometric_mean(of.cpu_seconds / now.cpu_seconds for of, now in pairs):8.3f}"
            f"            {''.join(f'{likeness:10.4f}' for likeness in least)}"
        )


if __name__ == "__main__":
    main()
