"""Compares the speed of `render` with other ways to make the same renditions of a 24-megapixel photo.

PYTHONPATH=src:. python benchmarks/renditions.py

It includes pyvips if pyvips is installed.
"""

import importlib.util
import statistics
import time
from collections.abc import Callable
from io import BytesIO

from PIL import Image, ImageOps

from benchmarks.pictures import make_photo
from imaging.renditions import WEBP_METHOD, WEBP_QUALITY, render
from shared.renditions import STILLS, Fit, RenditionName

WIDTH_PX, HEIGHT_PX = 6000, 4000
ROUNDS = 5


def render_naively(data: bytes) -> None:
    """Decode the whole picture again for every rendition."""
    for name in STILLS:
        with Image.open(BytesIO(data)) as opened:
            opened.load()
            picture = fit_naively(opened, name)
            picture.save(BytesIO(), "WEBP", quality=WEBP_QUALITY, method=WEBP_METHOD)


def fit_naively(image: Image.Image, name: RenditionName) -> Image.Image:
    box = name.width, name.height
    if name.fit is Fit.COVER:
        return ImageOps.fit(image, box, Image.Resampling.LANCZOS)
    image.thumbnail(box, Image.Resampling.LANCZOS)
    return image


def render_with_vips(data: bytes) -> None:
    import pyvips  # type: ignore[import-not-found] # noqa: PLC0415 - it need not be installed

    for name in STILLS:
        crop = "centre" if name.fit is Fit.COVER else "none"
        thumbnail = pyvips.Image.thumbnail_buffer(data, name.width, height=name.height, crop=crop)
        thumbnail.webpsave_buffer(Q=WEBP_QUALITY, effort=WEBP_METHOD, strip=True)


def measure_seconds(function: Callable[[bytes], object], data: bytes) -> float:
    start = time.perf_counter()
    function(data)
    return time.perf_counter() - start


def main() -> None:
    data = make_photo(WIDTH_PX, HEIGHT_PX)
    contenders: dict[str, Callable[[bytes], object]] = {"render": render, "naive": render_naively}
    if importlib.util.find_spec("pyvips"):
        contenders["pyvips"] = render_with_vips
    # In turns, so that other programs slow down all of them.
    rounds = [{name: measure_seconds(run, data) for name, run in contenders.items()} for _ in range(ROUNDS)]
    medians = {name: statistics.median(times[name] for times in rounds) for name in contenders}
    print(f"{WIDTH_PX} x {HEIGHT_PX} JPEG of {len(data) / 1e6:.1f} MB, median of {ROUNDS} rounds")
    for name, seconds in medians.items():
        print(f"  {name:8}{seconds * 1000:8.0f} ms{seconds / medians['render']:8.2f} x render")
    for name, rendition in render(data).renditions.items():
        print(f"  {name:10}{rendition.width:6} x {rendition.height}{len(rendition.data) / 1000:8.0f} kB")


if __name__ == "__main__":
    main()
