"""Pictures made in memory, and the bytes around them that cameras and attackers write."""

import struct
import zlib
from io import BytesIO
from typing import Any, Literal

from PIL import Image, ImageCms
from pillow_heif import register_heif_opener

from imaging.reports import EncodedRendition

RED, GREEN, BLUE, WHITE = (200, 30, 30), (30, 160, 40), (30, 40, 200), (245, 245, 245)
HEIF_BRANDS = {"HEIC": b"heic", "HEIF": b"mif1"}
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def draw_quadrants(width: int = 80, height: int = 40, mode: str = "RGB") -> Image.Image:
    """Red and green above, blue and white below: shows which way up it is."""
    image = Image.new("RGB", (2, 2))
    for at, color in zip([(0, 0), (1, 0), (0, 1), (1, 1)], [RED, GREEN, BLUE, WHITE], strict=True):
        image.putpixel(at, color)
    return image.resize((width, height), Image.Resampling.NEAREST).convert(mode)


def encode(image: Image.Image, image_format: str = "PNG", **options: Any) -> bytes:  # noqa: ANN401 - Pillow's
    if image_format in HEIF_BRANDS:
        return encode_heif(image, HEIF_BRANDS[image_format], **options)
    file = BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def encode_heif(image: Image.Image, brand: bytes = b"heic", **options: Any) -> bytes:  # noqa: ANN401 - pillow-heif's
    register_heif_opener()
    file = BytesIO()
    image.save(file, "HEIF", **options)
    return file.getvalue().replace(b"ftypheic", b"ftyp" + brand, 1)


def decode(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def open_rendition(rendition: EncodedRendition) -> Image.Image:
    return Image.open(BytesIO(rendition.data))


def make_picture(image_format: str = "JPEG", width: int = 80, height: int = 40) -> bytes:
    return encode(draw_quadrants(width, height), image_format)


def make_animation(image_format: str, frames: int = 3) -> bytes:
    images = [
        draw_quadrants(mode="L").point(lambda value, shift=frame: value // (shift + 1))
        for frame in range(frames)
    ]
    return encode(images[0], image_format, save_all=True, append_images=images[1:], duration=100)


def encode_moving(size: tuple[int, int], image_format: str = "GIF", **options: Any) -> bytes:  # noqa: ANN401 - Pillow's
    """An animation of two pictures."""
    first, second = draw_quadrants(*size), draw_quadrants(*size).transpose(Image.Transpose.ROTATE_180)
    options = {"duration": 50, **options}
    return encode(first, image_format, save_all=True, append_images=[second], **options)


def make_photo(orientation: int, image_format: str = "JPEG", width: int = 80, height: int = 40) -> bytes:
    """`draw_quadrants` as a camera held in that orientation stores it."""
    turned = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = draw_quadrants(width, height)
    if orientation in turned:
        image = image.transpose(turned[orientation])
    return encode(image, image_format, exif=make_exif({0x0112: orientation}))


def make_exif(
    camera: dict[int, Any], photo: dict[int, Any] | None = None, gps: dict[int, Any] | None = None
) -> bytes:
    exif = Image.Exif()
    exif.update(camera)
    exif.get_ifd(0x8769).update(photo or {})
    exif.get_ifd(0x8825).update(gps or {})
    return exif.tobytes()


def make_srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def make_swapped_profile() -> bytes:
    """An sRGB profile whose red and green have changed places."""
    profile = bytearray(make_srgb_profile())
    for tag in range(int.from_bytes(profile[128:132])):
        at = 132 + 12 * tag
        name = bytes(profile[at : at + 4])
        profile[at : at + 4] = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ"}.get(name, name)
    return bytes(profile)


def make_png_chunk(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def make_png_header(width: int, height: int) -> bytes:
    """A PNG that promises so many pixels and holds none."""
    header = make_png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return PNG_SIGNATURE + header + make_png_chunk(b"IDAT", zlib.compress(b"")) + make_png_chunk(b"IEND")


def insert_png_chunks(png: bytes, *chunks: bytes) -> bytes:
    """The chunks stand right after the header."""
    return png[:33] + b"".join(chunks) + png[33:]


def insert_jpeg_segments(jpeg: bytes, *segments: bytes) -> bytes:
    """The segments, each with its marker but without a length, stand first."""
    return jpeg[:2] + b"".join(map(frame_jpeg_segment, segments)) + jpeg[2:]


def frame_jpeg_segment(segment: bytes) -> bytes:
    return segment[:2] + struct.pack(">H", len(segment)) + segment[2:]


def make_thumbnail_exif(thumbnail: bytes) -> bytes:
    """An EXIF block with a JPEG in its second directory, as cameras embed it."""
    no_facts = struct.pack("<HHHIHxxI", 1, 0x0128, 3, 1, 2, 26)
    at = 8 + len(no_facts) + 42
    entries = [(0x0103, 3, 1, 6), (0x0201, 4, 1, at), (0x0202, 4, 1, len(thumbnail))]
    directory = struct.pack("<H", 3) + b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)
    return b"Exif\0\0II\x2a\0\x08\0\0\0" + no_facts + directory + thumbnail


def make_described_profile(text: str, space: Literal["sRGB", "LAB"] = "sRGB") -> bytes:
    """A profile whose description and copyright are the text."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile(space)).tobytes())
    words = text.encode("utf-16-be")
    words += bytes(len(words) % 4)
    tag = struct.pack(">4s4xII2s2sII", b"mluc", 1, 12, b"en", b"US", len(words), 28) + words
    for at in range(132, 132 + 12 * int.from_bytes(profile[128:132]), 12):
        if bytes(profile[at : at + 4]) in (b"desc", b"cprt"):
            profile[at + 4 : at + 12] = struct.pack(">II", len(profile), len(tag))
    profile[:4] = struct.pack(">I", len(profile) + len(tag))
    return bytes(profile) + tag


def make_iptc(text: bytes) -> bytes:
    """The text as a city, in a resource of Photoshop."""
    record = b"\x1c\x02\x5a" + struct.pack(">H", len(text)) + text
    return b"8BIM\x04\x04\0\0" + struct.pack(">I", len(record)) + record + bytes(len(record) % 2)


def make_gif_extension(label: int, *blocks: bytes) -> bytes:
    return b"!" + bytes([label]) + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def insert_gif_block(gif: bytes, block: bytes) -> bytes:
    """The block stands right after the header and its palette."""
    at = 13 + (3 << (gif[10] & 7) + 1 if gif[10] & 0x80 else 0)
    return gif[:at] + block + gif[at:]


def append_webp_chunk(webp: bytes, kind: bytes, content: bytes) -> bytes:
    chunk = kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
    return webp[:4] + struct.pack("<I", len(webp) - 8 + len(chunk)) + webp[8:] + chunk


def list_webp_chunks(webp: bytes) -> list[bytes]:
    """The kinds of all chunks, which fill the file to its last byte."""
    kinds, at = [], 12
    while at < len(webp):
        kinds.append(webp[at : at + 4])
        size = int.from_bytes(webp[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    assert at == len(webp) == 8 + int.from_bytes(webp[4:8], "little")
    return kinds
