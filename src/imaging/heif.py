"""HEIC and HEIF: the primary picture as libheif decodes it, without a thread. A build may leave it out.

pillow-heif opens the file. If it also decoded it, libde265 would start a thread for each tile, and the
process of an image can start none. So the pixels come from the same libheif, by its C API.
"""

import struct
from contextlib import ExitStack, suppress
from ctypes import CDLL, POINTER, Structure, byref, c_char_p, c_int, c_size_t, c_uint8, c_void_p
from functools import cache
from io import BytesIO
from typing import Any

import _pillow_heif
from PIL import Image
from pillow_heif import HeifImageFile, options

from shared.errors import UnsupportedImage
from shared.headers.boxes import BoxReader

IN_THIS_THREAD = 0
WITHOUT_THREADS = -1
"""0 stands for what libde265 likes best, which is one thread."""
OUT_OF_MEMORY, BEYOND_LIMITS = 6, 1000
"""A code of libheif, and its subcode for a codec that tells of more pixels than the header does."""
LAYOUTS = {"L": (2, 0, 0), "RGB": (1, 10, 10), "RGBA": (1, 11, 10), "RGBa": (1, 11, 10)}
"""The colour space, the chroma and the channel that libheif calls the pixels of a mode."""


class _Error(Structure):
    _fields_ = (("code", c_int), ("subcode", c_int), ("message", c_char_p))


class _ColorConversion(Structure):
    _fields_ = (("version", c_uint8), ("downsampling", c_int), ("upsampling", c_int), ("is_strict", c_uint8))


class _DecodingOptions(Structure):
    """The options of libheif 1.21. Newer versions have more of them, at the end."""

    _fields_ = (
        ("version", c_uint8),
        ("ignores_transformations", c_uint8),
        ("start_progress", c_void_p),
        ("on_progress", c_void_p),
        ("end_progress", c_void_p),
        ("progress_data", c_void_p),
        ("converts_to_8_bits", c_uint8),
        ("is_strict", c_uint8),
        ("decoder", c_char_p),
        ("color_conversion", _ColorConversion),
        ("cancel", c_void_p),
        ("more_color_conversion", c_void_p),
        ("ignores_edit_list", c_int),
        ("output_profile", c_void_p),
        ("library_threads", c_int),
        ("codec_threads", c_int),
    )


class PrimaryPicture(HeifImageFile):
    """The picture that a viewer shows. libheif turns, mirrors and cuts it out when it decodes it."""

    def __init__(self, data: bytes) -> None:
        super().__init__(BytesIO(data))  # type: ignore[no-untyped-call] # pillow-heif's
        self._data = data

    def load(self) -> Any:  # noqa: ANN401 - Pillow's
        if self._im is None:
            mode = self.mode if self.mode in LAYOUTS else "L"  # 16 bits of grey become 8
            picture = decode_primary(self._data, mode)
            if picture.size != self.size:
                raise ValueError("the picture is not as large as its header says")
            self.im, self._mode = picture.im, mode
        return Image.Image.load(self)


def open_heif(data: bytes) -> PrimaryPicture:
    options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False
    options.DECODE_THREADS = 1
    return PrimaryPicture(hide_tracks(data))


def hide_tracks(data: bytes) -> bytes:
    """Return the file as one of pictures alone. libheif would refuse them for a track that it cannot read."""
    hidden = bytearray(data)
    hidden[8:12] = b"heic"
    reader = BoxReader(data)
    with suppress(UnsupportedImage, struct.error):  # bytes behind the last box do not matter
        for box in reader.walk(reader.file):
            if box.kind == b"moov":
                at = data.rindex(b"moov", 0, box.start)
                hidden[at : at + len(b"free")] = b"free"
    return bytes(hidden)


def decode_primary(data: bytes, mode: str) -> Image.Image:
    """Raises ValueError for damage, and MemoryError."""
    colorspace, chroma, channel = LAYOUTS[mode]
    handle, image, stride = c_void_p(), c_void_p(), c_size_t()
    libheif = load_libheif()
    with ExitStack() as stack:
        context = c_void_p(libheif.heif_context_alloc())
        stack.callback(libheif.heif_context_free, context)
        _require(libheif.heif_context_read_from_memory_without_copy(context, data, c_size_t(len(data)), None))
        libheif.heif_context_set_max_decoding_threads(context, IN_THIS_THREAD)
        _require(libheif.heif_context_get_primary_image_handle(context, byref(handle)))
        stack.callback(libheif.heif_image_handle_release, handle)
        decoding = libheif.heif_decoding_options_alloc()
        stack.callback(libheif.heif_decoding_options_free, decoding)
        decoding.contents.converts_to_8_bits = True
        decoding.contents.codec_threads = WITHOUT_THREADS
        _require(libheif.heif_decode_image(handle, byref(image), colorspace, chroma, decoding))
        stack.callback(libheif.heif_image_release, image)
        size = libheif.heif_image_get_width(image, channel), libheif.heif_image_get_height(image, channel)
        address = libheif.heif_image_get_plane_readonly2(image, channel, byref(stride))
        pixels = (c_uint8 * (stride.value * size[1])).from_address(address)
        return Image.frombytes(mode, size, pixels, "raw", mode, stride.value)


@cache
def load_libheif() -> CDLL:
    """Find the libheif of pillow-heif. Do it before the process of an image is forked, as with plugins."""
    library = CDLL(_pillow_heif.__file__)
    for name in (
        "heif_context_read_from_memory_without_copy",
        "heif_context_get_primary_image_handle",
        "heif_decode_image",
    ):
        getattr(library, name).restype = _Error
    library.heif_context_alloc.restype = library.heif_image_get_plane_readonly2.restype = c_void_p
    library.heif_decoding_options_alloc.restype = POINTER(_DecodingOptions)
    return library


def _require(error: _Error) -> None:
    if error.code == OUT_OF_MEMORY and error.subcode != BEYOND_LIMITS:
        raise MemoryError
    if error.code:
        raise ValueError(error.message)
