"""Makes the pictures that the benchmarks share."""

from io import BytesIO

from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageOps

COLLAGE_TILES = 3
TEXT = "The quick brown fox jumps over the lazy dog, 0123456789 times; {[(<=>)]} & so on."


def make_photo(
    width: int, height: int, image_format: str = "JPEG", *, progressive: bool = False, grain: float = 12
) -> bytes:
    """Make a picture of smooth shapes with grain, like a photo from a camera."""
    size = (width, height)
    fractal = Image.effect_mandelbrot((600, 400), (-2, -1, 1, 1), 200).resize(size, Image.Resampling.BICUBIC)
    bands = [fractal, fractal.transpose(Image.Transpose.FLIP_TOP_BOTTOM), ImageChops.invert(fractal)]
    noise = Image.effect_noise(size, grain)
    photo = Image.merge("RGB", [ImageChops.add(band, noise, 1, -128) for band in bands])
    return encode(photo, image_format, progressive=progressive)


def make_screenshot(width: int = 1920, height: int = 1200) -> bytes:
    """Make a PNG of windows with text in several sizes, thin lines and flat colours."""
    image = Image.new("RGB", (width, height), "#e8eaed")
    draw = ImageDraw.Draw(image)
    panes = [("#ffffff", "#202124"), ("#1e1e2e", "#cdd6f4"), ("#fff8e1", "#b00020")]
    pane_width = width // len(panes)
    for column, (paper, ink) in enumerate(panes):
        left = column * pane_width + 12
        box = (left, 48, left + pane_width - 24, height - 24)
        draw.rectangle(box, paper, "#5f6368")
        pane = Image.new("RGB", (box[2] - box[0] - 2, box[3] - box[1] - 2), paper)
        write = ImageDraw.Draw(pane)
        y = 8
        for line in range(100):
            font_px = (13, 16, 20, 28)[line % 4]
            write.text((12, y), f"{line:3} {TEXT}", ink, ImageFont.load_default(font_px))
            y += font_px * 3 // 2
            write.line((12, y, pane.width - 12, y), "#9aa0a6")
        image.paste(pane, (box[0] + 1, box[1] + 1))
    return encode(image, "PNG")


def make_graphic(edge_px: int = 2400) -> bytes:
    """Make a PNG of shapes with soft and hard edges on a transparent background."""
    image = Image.new("RGBA", (edge_px, edge_px))
    draw = ImageDraw.Draw(image)
    colors = ["#d93025", "#f9ab00", "#188038", "#1a73e8", "#9334e6"]
    for number, color in enumerate(colors):
        inset = edge_px * number // 12
        draw.ellipse((inset, inset, edge_px - inset, edge_px - inset), None, color, edge_px // 40)
    glow = ImageOps.invert(Image.radial_gradient("L")).resize((edge_px // 2, edge_px // 2))
    layer = Image.merge("RGBA", [glow, glow.transpose(Image.Transpose.FLIP_TOP_BOTTOM), glow, glow])
    image.alpha_composite(layer, (edge_px // 4, edge_px // 4))
    draw.text((edge_px // 4, edge_px * 7 // 16), "Graphic", "#202124", ImageFont.load_default(edge_px // 8))
    return encode(image, "PNG")


def make_collage(photos: list[bytes]) -> bytes:
    """Put the photos side by side several times. The result is larger, and has as much detail per pixel."""
    tiles = [ImageOps.exif_transpose(Image.open(BytesIO(photo))) for photo in photos]
    width, height = tiles[0].size
    collage = Image.new("RGB", (width * COLLAGE_TILES, height * COLLAGE_TILES))
    for number in range(COLLAGE_TILES**2):
        y, x = divmod(number, COLLAGE_TILES)
        tile = ImageOps.fit(tiles[number % len(tiles)], (width, height))
        collage.paste(tile, (x * width, y * height))
    return encode(collage, "JPEG")


def encode(image: Image.Image, image_format: str, *, progressive: bool = False) -> bytes:
    file = BytesIO()
    # Each format ignores the options that it does not know.
    image.save(file, image_format, quality=90, progressive=progressive, compress_level=1)
    return file.getvalue()
