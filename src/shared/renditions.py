"""The renditions of an image. This table is the only list of them: everything else follows from it."""

from enum import StrEnum
from typing import Self

RENDITION_TYPE = "image/webp"
MAX_DELIVERED_BYTES = 4_400_000
"""Of a rendition or a variant. As base64, and with what surrounds it, it fits in the 6 MB of a response."""


class Fit(StrEnum):
    """The way in which a picture fits the box of a rendition."""

    INSIDE = "inside"
    """Whole, within the box."""
    COVER = "cover"
    """It fills the box. What stands out is cut off evenly."""


class RenditionName(StrEnum):
    """A rendition: its name, the box that it fits into, in pixels, and how. No picture is ever enlarged.

    `moves` is true for the one that only animations have.
    """

    width: int
    height: int
    fit: Fit
    moves: bool

    def __new__(
        cls,
        name: str,
        width: int,
        height: int,
        fit: Fit = Fit.INSIDE,
        moves: bool = False,  # noqa: FBT001, FBT002 - a row of the table
    ) -> Self:
        member = str.__new__(cls, name)
        member._value_ = name
        member.width, member.height, member.fit, member.moves = width, height, fit, moves
        return member

    THUMBNAIL = "thumbnail", 256, 256
    SMALL = "small", 640, 640
    MEDIUM = "medium", 1280, 1280
    # Photos of 4000 and 4032 pixels are decoded at half their size for 2000, which takes half the time.
    LARGE = "large", 2000, 2000
    ANIMATION = "animation", 640, 640, Fit.INSIDE, True

    @property
    def edge_px(self) -> int:
        """The longer side of the box."""
        return max(self.width, self.height)


STILLS = tuple(name for name in RenditionName if not name.moves)
"""The renditions that every image has."""
MAX_ANIMATION_SECONDS = 10
MAX_ANIMATION_FRAMES = 500
"""Of the rendition of an animation. It shows the beginning of a longer one."""
