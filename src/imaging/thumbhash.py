"""ThumbHash: about 25 bytes that a client turns into a blurred picture.

The format is Evan Wallace's (https://evanw.github.io/thumbhash/): a cosine transform of the luminance, of two
colour differences and of the transparency, if there is any. It keeps the lowest frequencies, 4 bits each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, floor, pi, sumprod

type Pixel = tuple[int, int, int, int]
type Plane = list[list[float]]


@dataclass(frozen=True)
class _Channel:
    """The constant term of a plane, its varying terms scaled to 0 to 1, and that scale."""

    constant: float
    varying: list[float]
    scale: float


def hash_pixels(width: int, height: int, pixels: Sequence[Pixel]) -> bytes:
    """Return the ThumbHash of RGBA pixels, given row after row."""
    alphas = [alpha / 255 for *_, alpha in pixels]
    has_alpha = min(alphas) < 1
    luminance, yellow_blue, red_green = _split_planes(pixels, alphas)
    longest = max(width, height)
    max_terms = 5 if has_alpha else 7
    terms_x = max(1, _round(max_terms * width / longest))
    terms_y = max(1, _round(max_terms * height / longest))

    def transform(plane: list[float], terms_x: int, terms_y: int) -> _Channel:
        rows = [plane[start : start + width] for start in range(0, width * height, width)]
        return _transform(rows, terms_x, terms_y)

    l = transform(luminance, max(3, terms_x), max(3, terms_y))  # noqa: E741 - the format's own names
    p, q = transform(yellow_blue, 3, 3), transform(red_green, 3, 3)
    is_landscape = width > height
    header = (
        _round(63 * l.constant)
        | _round(31.5 + 31.5 * p.constant) << 6
        | _round(31.5 + 31.5 * q.constant) << 12
        | _round(31 * l.scale) << 18
        | has_alpha << 23
        | (terms_y if is_landscape else terms_x) << 24
        | _round(63 * p.scale) << 27
        | _round(63 * q.scale) << 33
        | is_landscape << 39
    ).to_bytes(5, "little")
    varying = [*l.varying, *p.varying, *q.varying]
    if has_alpha:
        a = transform(alphas, 5, 5)
        header += bytes([_round(15 * a.constant) | _round(15 * a.scale) << 4])
        varying += a.varying
    nibbles = [_round(15 * term) for term in varying] + [0]
    return header + bytes(low | high << 4 for low, high in zip(nibbles[::2], nibbles[1::2], strict=False))


def _split_planes(
    pixels: Sequence[Pixel], alphas: list[float]
) -> tuple[list[float], list[float], list[float]]:
    """Luminance, yellow-blue and red-green, of the pixels laid over their average colour."""
    opacity = sum(alphas)
    reds, greens, blues = (
        [pixel[band] / 255 * alpha for pixel, alpha in zip(pixels, alphas, strict=True)] for band in range(3)
    )
    red, green, blue = (sum(band) / opacity if opacity else 0.0 for band in (reds, greens, blues))
    luminance, yellow_blue, red_green = [], [], []
    for r, g, b, alpha in zip(reds, greens, blues, alphas, strict=True):
        r_over, g_over, b_over = r + red * (1 - alpha), g + green * (1 - alpha), b + blue * (1 - alpha)
        luminance.append((r_over + g_over + b_over) / 3)
        yellow_blue.append((r_over + g_over) / 2 - b_over)
        red_green.append(r_over - g_over)
    return luminance, yellow_blue, red_green


def _transform(rows: Plane, terms_x: int, terms_y: int) -> _Channel:
    """Transform the rows, then the columns of the result. Keep the lower left triangle of the frequencies."""
    width, height = len(rows[0]), len(rows)
    columns = [[sumprod(row, wave) for row in rows] for wave in _cosines(width, terms_x)]
    terms = [
        sumprod(columns[x], wave) / (width * height)
        for y, wave in enumerate(_cosines(height, terms_y))
        for x in range(terms_x)
        if x * terms_y < terms_x * (terms_y - y)
    ]
    constant, *varying = terms
    scale = max(map(abs, varying))
    return _Channel(constant, [0.5 + 0.5 / scale * term if scale else 0.0 for term in varying], scale)


def _cosines(length: int, terms: int) -> list[list[float]]:
    return [[cos(pi / length * term * (at + 0.5)) for at in range(length)] for term in range(terms)]


def _round(value: float) -> int:
    return floor(value + 0.5)
