"""The pixels of an open image, in one of the modes that shrink well, with all that is transparent."""

from PIL import Image
from PIL.ImageFile import ImageFile

from imaging.colour import simplify_mode
from imaging.sources.source import Source
from imaging.transparency import clear_outside, find_shade


def load_pixels(opened: ImageFile, source: Source) -> Image.Image:
    """Decode the first frame. Use it inside `refusing_damage`."""
    frame = opened.tile[0].extents if opened.format == "GIF" else None
    opened.load()
    shade = find_shade(opened, source)
    image = simplify_mode(opened)
    if shade:
        image.putalpha(shade)
    return clear_outside(image, frame) if frame else image
