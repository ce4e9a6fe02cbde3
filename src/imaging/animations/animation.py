"""An animation becomes its rendition: a WebP of its first seconds, within bounds."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from math import sqrt

from PIL.ImageFile import ImageFile

from imaging.animations import apng, avif, gif
from imaging.animations.parts import Picture, compose
from imaging.colour import convert_to_srgb, simplify_mode
from imaging.damage import refusing_damage
from imaging.parsing import open_image
from imaging.renditions import WEBP_METHOD, WEBP_QUALITY
from imaging.transforms import Size, get_scale, make_upright, resize
from shared.errors import UnacceptableImage
from shared.headers.header import DamagedImage, Header
from shared.headers.webp import WITH_ALPHA
from shared.inspection import inspect
from shared.renditions import (
    MAX_ANIMATION_FRAMES,
    MAX_ANIMATION_SECONDS,
    MAX_DELIVERED_BYTES,
    RenditionName,
)

MAX_ANIMATION_PIXELS = 100_000_000
"""Of all pictures together: 400 MB. The sides of each are smaller if there are many."""
SCALES = (1, 1 / 2)
"""The second is tried if the bytes are too many."""
OPTIONS = {"quality": WEBP_QUALITY, "method": WEBP_METHOD, "kmin": 0, "kmax": 0}
"""Each picture is told by what changes. Key frames would take up to three times the bytes and the time."""

_SHORT_MS, _DEFAULT_MS = 10, 100
"""Browsers show a picture that lasts no longer than the first for the second."""
_MAX_PLAYS = 2**16 - 1
_FLAGS_AT = 20


@dataclass(frozen=True)
class Animation:
    """The pictures of a file, and how often it plays: 0 for without end."""

    plays: int
    pictures: Iterable[Picture]


def make_animation(data: bytes) -> bytes:
    """Raises UnacceptableImage, and nothing else, for bytes that are no animation within the bounds."""
    with open_image(data) as (opened, header, source):
        if header.frames == 1:
            raise UnacceptableImage("The image does not move.")
        animation = take_apart(data, opened, header)
        size = _choose_size(header)
        taken = [
            (make_upright(convert_to_srgb(resize(picture, size), source.profiles), header.orientation), shown)
            for picture, shown in _cut(animation.pictures)
        ]
    if not taken:
        raise DamagedImage
    for scale in SCALES:
        encoded = _encode(taken, animation.plays, scale)
        if len(encoded) <= MAX_DELIVERED_BYTES:
            break
    else:
        raise UnacceptableImage("The animation takes too many bytes.")
    if not inspect(encoded).animated:
        raise UnacceptableImage("Its pictures do not differ.")
    return encoded


def take_apart(data: bytes, opened: ImageFile, header: Header) -> Animation:
    """Its pictures are decoded when they are taken. Each may be changed by the next one."""
    size = header.width, header.height
    match opened.format:
        case "GIF":
            return Animation(gif.read_plays(data), compose(gif.read_parts(data), size))
        case "PNG":
            return Animation(apng.read_plays(data), compose(apng.read_parts(data), size))
        case "AVIF":
            return Animation(avif.read_plays(data), _seek(opened, header.frames))
        case _:
            return Animation(opened.info["loop"], _seek(opened, header.frames))


def _seek(opened: ImageFile, frames: int) -> Iterator[Picture]:
    for number in range(frames):
        with refusing_damage():
            opened.seek(number)
            opened.load()
            picture = simplify_mode(opened.copy())  # the next one takes its place
        yield picture, opened.info["duration"]


def _choose_size(header: Header) -> Size:
    size = header.width, header.height
    pixels = size[0] * size[1] * min(header.frames, MAX_ANIMATION_FRAMES)
    scale = min(get_scale(size, RenditionName.ANIMATION), sqrt(MAX_ANIMATION_PIXELS / pixels))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _cut(pictures: Iterable[Picture]) -> Iterator[Picture]:
    """Yield the pictures of the first seconds, and for how many milliseconds each is shown."""
    left = 1000 * MAX_ANIMATION_SECONDS
    for number, (picture, milliseconds) in enumerate(pictures, 1):
        if number > MAX_ANIMATION_FRAMES:
            raise UnacceptableImage("The animation has too many frames.")
        shown = min(left, milliseconds if milliseconds > _SHORT_MS else _DEFAULT_MS)
        yield picture, shown
        left -= shown
        if not left:
            return


def _encode(pictures: list[Picture], plays: int, scale: float) -> bytes:
    width, height = pictures[0][0].size
    size = max(1, round(width * scale)), max(1, round(height * scale))
    first, *others = [resize(picture, size) for picture, _ in pictures]
    first.info = {}  # the encoder would write some of it
    file = BytesIO()
    first.save(
        file,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=[shown for _, shown in pictures],
        loop=min(plays, _MAX_PLAYS),
        **OPTIONS,
    )
    encoded = bytearray(file.getvalue())
    if any(picture.mode == "RGBA" for picture, _ in pictures):
        # libwebp forgets it where no frame but the canvas is transparent. Then viewers show black.
        encoded[_FLAGS_AT] |= WITH_ALPHA
    return bytes(encoded)
