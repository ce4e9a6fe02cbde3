"""SSIM: a number for how alike two pictures look.

Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli: Image Quality Assessment: From Error Visibility to
Structural Similarity. IEEE Transactions on Image Processing 13 (4), 2004, equation 13.
"""

from collections.abc import Callable
from typing import Any, cast

from PIL import Image, ImageMath

WINDOW_PX = 8
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
MEANS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "x": lambda bands: bands["x"] * 1,
    "y": lambda bands: bands["y"] * 1,
    "xx": lambda bands: bands["x"] * bands["x"],
    "yy": lambda bands: bands["y"] * bands["y"],
    "xy": lambda bands: bands["x"] * bands["y"],
}
"""The products whose means over a window the formula needs. `x` and `y` are the two pictures."""


def compare(image: Image.Image, reference: Image.Image) -> float:
    """Return the mean SSIM of the luma over adjacent windows of 8 x 8 pixels. It is 1 for equal pictures."""
    x, y = get_luma(image), get_luma(reference)
    means = {name: average(calculate(function, x=x, y=y), WINDOW_PX) for name, function in MEANS.items()}
    scores = calculate(
        lambda bands: (
            (bands["x"] * bands["y"] * 2 + C1)
            * ((bands["xy"] - bands["x"] * bands["y"]) * 2 + C2)
            / (bands["x"] * bands["x"] + bands["y"] * bands["y"] + C1)
            / (bands["xx"] - bands["x"] * bands["x"] + bands["yy"] - bands["y"] * bands["y"] + C2)
        ),
        **means,
    )
    return cast("float", average(scores, scores.size).getpixel((0, 0)))


def get_luma(image: Image.Image) -> Image.Image:
    """Return the luma as floats. Rows and columns at the edge that fill no whole window are cut off."""
    width, height = (side - side % WINDOW_PX for side in image.size)
    return put_on_white(image).crop((0, 0, width, height)).convert("L").convert("F")


def put_on_white(image: Image.Image) -> Image.Image:
    page = Image.new("RGBA", image.size, "white")
    page.alpha_composite(image.convert("RGBA"))
    return page.convert("RGB")


def calculate(function: Callable[[dict[str, Any]], Any], **images: Image.Image) -> Image.Image:
    return cast("Image.Image", ImageMath.lambda_eval(function, **images))


def average(image: Image.Image, window: int | tuple[int, int]) -> Image.Image:
    return image.reduce(window)
