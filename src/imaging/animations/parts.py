"""Parts of animations: still files that are drawn on a canvas one after the other, as a browser does it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from PIL import Image

from imaging.damage import refusing_damage
from imaging.parsing import open_image
from imaging.pixels import load_pixels
from imaging.transforms import Size

_NOTHING = (0, 0, 0, 0)

type Picture = tuple[Image.Image, int]
"""A picture, and for how many milliseconds its file says that it is shown. The next one may draw over it."""


class Disposal(Enum):
    """The treatment of a part, after it was shown and before the next one is drawn."""

    KEEP = auto()
    CLEAR = auto()
    RESTORE = auto()


@dataclass(frozen=True)
class Part:
    """A still file, and where it is drawn. It covers what is there, or is blended with it."""

    data: bytes
    left: int
    top: int
    milliseconds: int
    disposal: Disposal
    blends: bool


def compose(parts: Iterable[Part], size: Size) -> Iterator[Picture]:
    """Draw parts on a canvas that is transparent at first. Raises UnacceptableImage."""
    canvas = Image.new("RGBA", size)
    for part in parts:
        with open_image(part.data) as (opened, _, source), refusing_damage():
            picture = load_pixels(opened, source).convert("RGBA")
        box = (part.left, part.top, part.left + picture.width, part.top + picture.height)
        before = canvas.crop(box) if part.disposal is Disposal.RESTORE else None
        if part.blends:
            canvas.alpha_composite(picture, box[:2])
        else:
            canvas.paste(picture, box)
        yield canvas, part.milliseconds
        if before:
            canvas.paste(before, box)
        elif part.disposal is Disposal.CLEAR:
            canvas.paste(_NOTHING, box)
