"""Variants of an image: the sizes and formats that it can have on demand, and what each is made from.

What strangers may ask for is a closed set, so that nobody can fill the bucket or spend the processor time of
the service with sizes of their own. A signed link of the owner may ask for any size.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Literal

from shared.errors import FieldError, InvalidFields
from shared.renditions import MAX_DELIVERED_BYTES, Fit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.models import Rendition
    from shared.renditions import RenditionName

LADDER_PX = (64, 320, 640, 960, 1280, 2000)
"""The widths, and the heights that stand alone. Six of them make about 200 variants of an image."""
ASPECT_RATIOS = ((1, 1), (4, 3), (3, 2), (16, 9), (3, 4), (2, 3), (9, 16))
"""Of a width of the ladder with a height."""
CARD_SIZE = (1200, 630)
"""The size of the picture that goes with a link in social networks (`og:image`)."""
MAX_VARIANT_SIDE_PX = 2000
AUTO_FORMAT: Final = "auto"
"""The name of the format that the header `Accept` chooses."""
ENCODING = 1
"""Counts the ways in which variants were made. Another way makes other bytes, so it has keys and ETags of its
own. Raise it with every change of the settings in `imaging.variants`."""
SPARE_SCALE = Fraction(3, 2)
"""How much larger than a variant its source is, at least. Chosen by `benchmarks/formats.py`: a JPEG of 640
pixels loses 0.001 of its SSIM if it is made of `medium` instead of `large`, for half the processor time, and
0.016 if it is made of `small`, which it has to encode with all its flaws. A screenshot loses 0.013 with a
source that is only a third larger."""

type Size = tuple[int, int]


class VariantMode(StrEnum):
    """Tells who may ask for variants."""

    ENABLED = "enabled"
    """Everyone who may see the image, for those of the closed set. Signed links for all."""
    SIGNED = "signed"
    """Signed links alone."""
    DISABLED = "disabled"


class VariantFormat(StrEnum):
    """The format of a variant."""

    AVIF = "avif"
    WEBP = "webp"
    JPEG = "jpeg"
    PNG = "png"

    @property
    def content_type(self) -> str:
        return f"image/{self}"


type FormatChoice = VariantFormat | Literal["auto"]


@dataclass(frozen=True)
class Variant:
    """A picture to make: its exact size, and how it comes to fill that. It is never enlarged."""

    width: int
    height: int
    fit: Fit
    format: VariantFormat

    @property
    def name(self) -> str:
        """One name for one result. Keys and ETags have it."""
        cut = "-cover" if self.fit is Fit.COVER else ""
        return f"{self.width}x{self.height}{cut}-{ENCODING}.{self.format}"


@dataclass(frozen=True)
class VariantRequest:
    """The wish of a client, with what it has named. Without a size: the size of the largest rendition."""

    width: int | None = None
    height: int | None = None
    fit: Fit | None = None
    """None: inside."""
    format: FormatChoice | None = None
    """None: auto."""

    @property
    def named(self) -> Mapping[str, object]:
        """All that the client has named. Without anything it asks for no variant."""
        return {name: value for name, value in vars(self).items() if value is not None}

    @property
    def fixed_format(self) -> VariantFormat | None:
        """None: `Accept` chooses."""
        return self.format if isinstance(self.format, VariantFormat) else None

    @property
    def is_listed(self) -> bool:
        """True if it is one of the closed set."""
        return not self._find_unlisted()

    def require_allowed(self, mode: VariantMode, *, is_signed: bool) -> None:
        """Raises InvalidFields, which names what is allowed."""
        if errors := self._find_errors(mode, is_signed=is_signed):
            raise InvalidFields(errors)

    def resolve(
        self, renditions: Mapping[RenditionName, Rendition], variant_format: VariantFormat
    ) -> Variant:
        """Return what it comes to for an image with these still renditions."""
        width, height = largest = get_largest_size(renditions)
        if self.fit is Fit.COVER and self.width and self.height:  # one side alone leaves it whole
            size = _cut(largest, (self.width, self.height))
            if size not in {_fit_inside(largest, size[0], height), _fit_inside(largest, width, size[1])}:
                return Variant(*size, Fit.COVER, variant_format)
        else:
            size = _fit_renditions(renditions, (self.width or width, self.height or height))
        return Variant(*size, Fit.INSIDE, variant_format)

    def _find_errors(self, mode: VariantMode, *, is_signed: bool) -> list[FieldError]:
        if mode is VariantMode.DISABLED:
            return self._refuse("There are no variants here. Leave it out, or ask for a rendition.")
        if mode is VariantMode.SIGNED and not is_signed:
            return self._refuse("It takes a signed link of the owner here (POST /images/{id}/links).")
        return self._find_useless() + (self._find_unbounded() if is_signed else self._find_unlisted())

    def _refuse(self, message: str) -> list[FieldError]:
        return [FieldError(name, message) for name in self.named]

    def _find_useless(self) -> list[FieldError]:
        is_useless = self.fit and self.width is None and self.height is None
        return [FieldError("fit", "It takes a width or a height.")] if is_useless else []

    def _find_unbounded(self) -> list[FieldError]:
        return [
            FieldError(name, f"It must be 1 to {MAX_VARIANT_SIDE_PX}.")
            for name, value in (("width", self.width), ("height", self.height))
            if value is not None and not 1 <= value <= MAX_VARIANT_SIDE_PX
        ]

    def _find_unlisted(self) -> list[FieldError]:
        if (self.width, self.height) == CARD_SIZE:
            return []
        ladder = ", ".join(map(str, LADDER_PX))
        errors = []
        if self.width is not None and self.width not in LADDER_PX:
            card = "{} with a height of {}".format(*CARD_SIZE)
            errors.append(FieldError("width", f"It must be one of {ladder}, or {card}."))
        elif self.width is not None and self.height is not None:
            heights = list_heights(self.width)
            if self.height not in heights:
                allowed = ", ".join(map(str, heights))
                errors.append(
                    FieldError("height", f"With a width of {self.width} it must be one of {allowed}.")
                )
        if self.width is None and self.height is not None and self.height not in LADDER_PX:
            errors.append(FieldError("height", f"Alone it must be one of {ladder}."))
        return errors


def list_heights(width: int) -> list[int]:
    """Return the heights that make one of the aspect ratios with this width."""
    return sorted(_scale((1, 1), Fraction(width * down, across))[1] for across, down in ASPECT_RATIOS)


def get_largest_size(renditions: Mapping[RenditionName, Rendition]) -> Size:
    """Return the size of the largest rendition, which is whole."""
    largest = max(renditions.values(), key=lambda rendition: rendition.width * rendition.height)
    return largest.width, largest.height


def find_rendition(renditions: Mapping[RenditionName, Rendition], variant: Variant) -> RenditionName | None:
    """Return the rendition that is the variant already, if there is one."""
    if variant.format is not VariantFormat.WEBP or variant.fit is not Fit.INSIDE:
        return None
    for name, rendition in renditions.items():
        if (rendition.width, rendition.height) == (variant.width, variant.height):
            return name if rendition.size <= MAX_DELIVERED_BYTES else None
    return None


def choose_source(renditions: Mapping[RenditionName, Rendition], variant: Variant) -> RenditionName:
    """Return the smallest rendition that costs no visible quality, or the largest."""
    by_size = sorted(renditions, key=lambda name: renditions[name].width * renditions[name].height)
    for name in by_size:
        source = renditions[name]
        scale = min(Fraction(source.width, variant.width), Fraction(source.height, variant.height))
        if scale >= SPARE_SCALE:
            return name
    return by_size[-1]


def _cut(largest: Size, box: Size) -> Size:
    return _scale(box, min(Fraction(1), *map(Fraction, largest, box)))


def _fit_renditions(renditions: Mapping[RenditionName, Rendition], box: Size) -> Size:
    """Return the size of the picture within a box: that of its rendition, which may be a pixel off."""
    width, height = _fit_inside(get_largest_size(renditions), *box)
    for rendition in renditions.values():
        is_inside = rendition.width <= box[0] and rendition.height <= box[1]
        if is_inside and abs(rendition.width - width) <= 1 and abs(rendition.height - height) <= 1:
            return rendition.width, rendition.height
    return width, height


def _fit_inside(largest: Size, width: int, height: int) -> Size:
    return _scale(largest, min(Fraction(1), Fraction(width, largest[0]), Fraction(height, largest[1])))


def _scale(size: Size, scale: Fraction) -> Size:
    """Round as people do: a half goes up."""
    width, height = (max(1, int(side * scale + Fraction(1, 2))) for side in size)
    return width, height
