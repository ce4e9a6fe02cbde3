"""Placeholders: a blurred picture and a colour, shown until the image is loaded."""

from base64 import b64encode
from collections import defaultdict

from PIL import Image

from imaging.thumbhash import hash_pixels
from shared.models import Placeholder

HASHED_EDGE_PX = 64
"""ThumbHash allows 100, but that takes twice the time for the same seven waves."""
COLOR_BITS = 3
"""Shades of a channel that count as one colour: 2 ** (8 - bits)."""


def make_placeholder(image: Image.Image) -> Placeholder:
    small = image.convert("RGBA")
    small.thumbnail((HASHED_EDGE_PX, HASHED_EDGE_PX), Image.Resampling.BOX)
    data = small.tobytes()
    pixels = list(zip(data[::4], data[1::4], data[2::4], data[3::4], strict=True))
    return Placeholder(
        thumbhash=b64encode(hash_pixels(*small.size, pixels)).decode(),
        dominant_color=find_dominant_color(pixels),
    )


def find_dominant_color(pixels: list[tuple[int, int, int, int]]) -> str:
    """Return the mean of the most frequent group of similar colours. Transparent pixels count less."""
    groups: defaultdict[tuple[int, int, int], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    shift = 8 - COLOR_BITS
    for red, green, blue, alpha in pixels:
        group = groups[red >> shift, green >> shift, blue >> shift]
        group[0] += red * alpha
        group[1] += green * alpha
        group[2] += blue * alpha
        group[3] += alpha
    *sums, weight = max(groups.values(), key=lambda group: group[3])
    return "#" + "".join(f"{round(total / weight) if weight else 0:02x}" for total in sums)
