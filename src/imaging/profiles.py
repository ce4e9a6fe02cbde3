"""ICC profiles (ICC.1) of colours that a file names in another way: by codes (ITU-T H.273), or by numbers.

They give the colours that Chromium shows, which `tests/unit/imaging/test_profiles.py` lists.
"""

from collections.abc import Callable, Sequence
from itertools import product
from math import exp, log2, sqrt
from struct import error, pack

type Vector = Sequence[float]
type Matrix = Sequence[Vector]
type Curve = Callable[[float], float]
"""From a value of the file, 0 to 1, to the light of a display."""

_D50 = (0.9642, 1.0, 0.8249)
_BRADFORD = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
_WHITE_C, _WHITE_D65, _WHITE_DCI, _WHITE_E = (0.31, 0.316), (0.3127, 0.329), (0.314, 0.351), (1 / 3, 1 / 3)
SRGB_PRIMARIES = (*_WHITE_D65, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
"""x and y of white, red, green and blue."""
_PRIMARIES: dict[int, Vector] = {
    1: SRGB_PRIMARIES,
    2: SRGB_PRIMARIES,  # unspecified
    4: (*_WHITE_C, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (*_WHITE_D65, 0.64, 0.33, 0.29, 0.6, 0.15, 0.06),
    6: (*_WHITE_D65, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    7: (*_WHITE_D65, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    8: (*_WHITE_C, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049),
    9: (*_WHITE_D65, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046),
    10: (*_WHITE_E, 1, 0, 0, 1, 0, 0),
    11: (*_WHITE_DCI, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
    12: (*_WHITE_D65, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
    22: (*_WHITE_D65, 0.63, 0.34, 0.295, 0.605, 0.155, 0.077),
}
_BT2020 = 9
_SRGB, _PQ, _HLG = 13, 16, 18
_CAMERAS = {1, 6, 14, 15}
_NO_CHANGE = {(primaries, transfer) for primaries in (1, 2) for transfer in (2, _SRGB)}
_WHITE_NITS, _PEAK_NITS = 203, 1000
"""The light of white paper (BT.2408), and the most in a picture of a high range that tells no other."""
_HIGHLIGHTS_SHARE, _KNEE_BEND = 0.5, 0.65
"""Of a display's light that is kept for such highlights, and how far the curve to them bends."""
_OOTF_GAMMA = 1.2
_MASTERING_AT = 16
MASTERING_UNIT = 10_000
"""Parts of a nit in which such displays are described."""
_CURVE_ENTRIES = 256  # pictures have as many shades
_GRID_POINTS = 33  # LittleCMS takes as many
_TABLE_ENTRIES, _TABLE_GAMMA = 4096, 3
_MAX_XYZ = 1 + 32767 / 32768


def make_coded_profile(primaries: int, transfer: int, peak_nits: float = 0) -> bytes | None:
    """Make the profile of two codes, as a `cICP` chunk has them. None if one is unknown.

    `peak_nits` is the most light in a picture of PQ, if the file tells it.
    """
    if primaries not in _PRIMARIES:
        return None
    if transfer in {_PQ, _HLG}:
        return _make_high_range_profile(_PRIMARIES[primaries], transfer, peak_nits or _PEAK_NITS)
    curve = _CURVES.get(transfer)
    return _make_profile(_PRIMARIES[primaries], curve) if curve else None


def make_nclx_profile(primaries: int, transfer: int, peak_nits: float = 0) -> bytes | None:
    """Make the profile of an `nclx` box. None if a code is unknown, or if they name sRGB.

    Browsers take the curves of cameras for that of sRGB here, and for those of displays in a PNG.
    """
    transfer = _SRGB if transfer in _CAMERAS else transfer
    return None if (primaries, transfer) in _NO_CHANGE else make_coded_profile(primaries, transfer, peak_nits)


def read_peak_nits(content_light: bytes, content_unit: int, mastering: bytes) -> float:
    """Read the most light in a picture, or on the display that it was made for. 0 if neither is told.

    Both come in boxes of an AVIF and in chunks of a PNG, in other units.
    """
    most = int.from_bytes(content_light[: len(content_light) // 2]) / content_unit
    return most or int.from_bytes(mastering[_MASTERING_AT : _MASTERING_AT + 4]) / MASTERING_UNIT


def make_gamma_profile(gamma: float, primaries: Vector = SRGB_PRIMARIES) -> bytes | None:
    """Make the profile of primaries and the exponent that leads to light. None if they make no sense."""
    try:
        return _make_profile(primaries, _raise_to(gamma))
    except (ArithmeticError, error):
        return None


def _decode_srgb(value: float) -> float:
    linear_until = 0.04045
    return value / 12.92 if value <= linear_until else ((value + 0.055) / 1.055) ** 2.4


def _decode_240m(value: float) -> float:
    linear_until = 0.0913
    return value / 4 if value < linear_until else ((value + 0.1115) / 1.1115) ** (1 / 0.45)


def _decode_428(value: float) -> float:
    return min(1, float(value**2.6) * 52.37 / 48)


def _decode_pq(value: float) -> float:
    """Return the part of 10,000 nits."""
    root = value ** (32 / 2523)
    return float((max(root - 3424 / 4096, 0) / (2413 / 128 - 2392 / 128 * root)) ** (16384 / 2610))


def _decode_hlg(value: float) -> float:
    """Return the light of the scene."""
    a, b, c, square_until = 0.17883277, 0.28466892, 0.55991073, 0.5
    return value * value / 3 if value <= square_until else (exp((value - c) / a) + b) / 12


def _raise_to(gamma: float) -> Curve:
    return lambda value: float(value**gamma)


_VIDEO = _raise_to(2.4)  # what a display does with it (BT.1886), not the inverse of what a camera does
_CURVES: dict[int, Curve] = {
    1: _VIDEO,
    2: _decode_srgb,  # unspecified
    4: _raise_to(2.2),
    5: _raise_to(2.8),
    6: _VIDEO,
    7: _decode_240m,
    8: _raise_to(1),
    11: _VIDEO,
    13: _decode_srgb,
    14: _VIDEO,
    15: _VIDEO,
    17: _decode_428,
}


def _make_profile(primaries: Vector, curve: Curve) -> bytes:
    """Make a profile of a matrix and a curve (ICC.1, 8.3.3)."""
    columns = zip(*_make_matrix(primaries), strict=True)
    values = [round(65535 * curve(at / (_CURVE_ENTRIES - 1))) for at in range(_CURVE_ENTRIES)]
    table = b"curv" + pack(f">4xI{_CURVE_ENTRIES}H", _CURVE_ENTRIES, *values)
    colorants = {name: _pack_xyz(xyz) for name, xyz in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)}
    return _join({**colorants, b"rTRC": table, b"gTRC": table, b"bTRC": table})


def _make_high_range_profile(primaries: Vector, transfer: int, peak_nits: float) -> bytes:
    """Make a profile of a table (ICC.1, 10.10), because the brightest channel decides for all of them."""
    matrix = _make_matrix(primaries)
    to_wide = _multiply(_invert(_make_matrix(_PRIMARIES[_BT2020])), matrix)
    steps = [at / (_GRID_POINTS - 1) for at in range(_GRID_POINTS)]
    show = _show_pq if transfer == _PQ else _show_hlg
    peak = max(1, peak_nits / _WHITE_NITS)
    lights = [_decode_pq(step) if transfer == _PQ else _decode_hlg(step) for step in steps]
    grid: list[int] = []
    for light in product(lights, repeat=3):
        shown = show(light, matrix[1])
        scale = _scale_tones(max(_apply(to_wide, shown)), peak)
        grid += (
            round(65535 * (max(0, scale * _dot(row, shown)) / _MAX_XYZ) ** (1 / _TABLE_GAMMA))
            for row in matrix
        )
    output = [round(65535 * (at / (_TABLE_ENTRIES - 1)) ** _TABLE_GAMMA) for at in range(_TABLE_ENTRIES)]
    table = pack(">4s4xBBBx9i", b"mft2", 3, 3, _GRID_POINTS, 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table += pack(">HH", 2, _TABLE_ENTRIES) + pack(">6H", *[0, 65535] * 3)
    table += pack(f">{len(grid)}H", *grid) + pack(f">{_TABLE_ENTRIES}H", *output) * 3
    return _join({b"A2B0": table})


def _show_pq(light: Vector, _: Vector) -> Vector:
    """Return the light in units of white paper."""
    return [10_000 / _WHITE_NITS * part for part in light]


def _show_hlg(light: Vector, luminance: Vector) -> Vector:
    """Return the light of a display in units of white paper (BT.2100, table 5)."""
    brightness = _dot(luminance, light)
    scale = _PEAK_NITS / _WHITE_NITS * max(0, brightness) ** (_OOTF_GAMMA - 1)
    return [scale * part for part in light]


def _scale_tones(brightest: float, peak: float) -> float:
    """Return what to multiply light with, by the reference white operator of SMPTE ST 2094-50.

    White paper and all below it get a part of the range. A Bezier curve leads from there to the peak.
    """
    white = 1 - _HIGHLIGHTS_SHARE * min(1, log2(peak) / log2(_PEAK_NITS / _WHITE_NITS))
    if brightest <= 1:
        return white
    if brightest >= peak:
        return 1 / brightest
    middle, target = 1 + _KNEE_BEND * (1 / white - 1), white + _KNEE_BEND * (1 - white)
    square, linear = 1 - 2 * middle + peak, 2 * (middle - 1)
    at = 2 * (brightest - 1) / (linear + sqrt(linear**2 + 4 * square * (brightest - 1)))
    return ((1 - at) ** 2 * white + 2 * at * (1 - at) * target + at**2) / brightest


def _make_matrix(primaries: Vector) -> Matrix:
    """From red, green and blue to X, Y and Z, with white at D50, as profiles have it."""
    (white_x, white_y), *colors = [(primaries[at], primaries[at + 1]) for at in range(0, 8, 2)]
    white = (white_x / white_y, 1, (1 - white_x - white_y) / white_y)
    colorants = [*zip(*((x, y, 1 - x - y) for x, y in colors), strict=True)]
    scales = _apply(_invert(colorants), white)
    unadapted = [[part * scale for part, scale in zip(row, scales, strict=True)] for row in colorants]
    cones, d50_cones = _apply(_BRADFORD, white), _apply(_BRADFORD, _D50)
    gains = [to / cone for to, cone in zip(d50_cones, cones, strict=True)]
    adapted = [
        [gain * part for part in row]
        for gain, row in zip(gains, _multiply(_BRADFORD, unadapted), strict=True)
    ]
    return _multiply(_invert(_BRADFORD), adapted)


def _dot(left: Vector, right: Vector) -> float:
    return left[0] * right[0] + left[1] * right[1] + left[2] * right[2]


def _apply(matrix: Matrix, vector: Vector) -> Vector:
    return [_dot(row, vector) for row in matrix]


def _multiply(left: Matrix, right: Matrix) -> Matrix:
    columns = [*zip(*right, strict=True)]
    return [[_dot(row, column) for column in columns] for row in left]


def _invert(matrix: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    cofactors = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    return [[part / determinant for part in row] for row in cofactors]


def _pack_xyz(xyz: Vector) -> bytes:
    return b"XYZ " + pack(">4x3i", *(round(65536 * part) for part in xyz))


def _join(tags: dict[bytes, bytes]) -> bytes:
    """Put tags behind a head and their list (ICC.1, 7.2 and 7.3)."""
    tags = {b"wtpt": _pack_xyz(_D50), **tags}
    start = 128 + 4 + 12 * len(tags)
    listed, content = pack(">I", len(tags)), b""
    for name, tag in tags.items():
        listed += name + pack(">II", start + len(content), len(tag))
        content += tag + bytes(-len(tag) % 4)
    head = pack(">I4xI4s4s4s12x4s28x", start + len(content), 0x02400000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    return (head + _pack_xyz(_D50)[8:]).ljust(128, b"\0") + listed + content
