"""The facts that every format has in its header."""

from dataclasses import dataclass

from shared.errors import UnsupportedImage

MAX_FRAMES = 10_000

_TURNED = range(5, 9)


class DamagedImage(UnsupportedImage):
    """The bytes begin as an image does, and do not go on like one."""

    default_detail = "The image is truncated or damaged."


@dataclass(frozen=True)
class Header:
    """The picture as it is stored. Viewers turn it by the orientation, which EXIF counts from 1 to 8."""

    width: int
    height: int
    frames: int = 1
    orientation: int | None = None

    @property
    def upright_size(self) -> tuple[int, int]:
        """The width and the height that a viewer shows."""
        is_turned = self.orientation in _TURNED
        return (self.height, self.width) if is_turned else (self.width, self.height)


def require_few_frames(frames: int) -> None:
    if frames > MAX_FRAMES:
        raise UnsupportedImage(f"The image has more than {MAX_FRAMES:,} frames.")
