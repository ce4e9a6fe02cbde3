"""Inputs of requests for bytes: the query of a URL, and the body that makes a link."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, StringConstraints, ValidationInfo, WithJsonSchema, field_validator

from app.access.links import ORIGINAL, Signature, Target
from app.requests.fields import JSON_INTEGER, Input, forbid_null
from shared.limits import (
    DEFAULT_LINK_SECONDS,
    MAX_LINK_SECONDS,
    MAX_ORIGINAL_LINK_SECONDS,
    MIN_LINK_SECONDS,
)
from shared.renditions import Fit, RenditionName
from shared.variants import AUTO_FORMAT, MAX_VARIANT_SIDE_PX, FormatChoice, VariantFormat, VariantRequest

_FORMATS = [AUTO_FORMAT, *VariantFormat]
_LINKED = [*RenditionName, ORIGINAL]
FormatName = Annotated[
    str,
    StringConstraints(pattern=f"^({'|'.join(_FORMATS)})$"),
    WithJsonSchema({"type": "string", "enum": _FORMATS}),
]
LinkedName = Annotated[
    str,
    StringConstraints(pattern=f"^({'|'.join(_LINKED)})$"),
    WithJsonSchema({"type": "string", "enum": _LINKED}),
]
SidePx = Annotated[int, Field(ge=1, le=MAX_VARIANT_SIDE_PX, strict=True), JSON_INTEGER]


class ContentQuery(Input):
    """The query of a URL of bytes. An invalid signature opens nothing, and is no error."""

    model_config: ClassVar[ConfigDict] = ConfigDict(json_schema_extra=forbid_null)

    v: str | None = Field(
        default=None, description="The revision that the client knows. It decides how long to cache."
    )
    download: Literal["1"] | None = Field(
        default=None, description="Browsers save the file and do not show it."
    )
    expires: str | None = Field(default=None, description="Seconds since 1970.")
    signature: str | None = None

    @property
    def parameters(self) -> Mapping[str, str]:
        """The part that a signature covers."""
        named = self.model_dump(exclude={"expires", "signature"}, exclude_none=True)
        return {name: str(value) for name, value in named.items()}

    @property
    def is_download(self) -> bool:
        return self.download is not None

    @property
    def link_signature(self) -> Signature | None:
        return Signature.parse(self.expires or "", self.signature or "")


class VariantQuery(ContentQuery):
    """The query of a URL of an image. With a size or a format it asks for a variant."""

    width: int | None = Field(default=None, description="In pixels. No picture is enlarged.")
    height: int | None = Field(default=None, description="In pixels.")
    fit: Fit | None = Field(default=None, description="`inside` if it is left out.")
    format: FormatName | None = Field(
        default=None, description="`auto` if it is left out: by the header `Accept`."
    )

    @property
    def variant(self) -> VariantRequest:
        return _make_request(self)


class LinkCreate(Input):
    """Names a rendition or a variant that a link shows, and how long the link is valid."""

    example: ClassVar[dict[str, Any]] = {"rendition": RenditionName.MEDIUM, "expiresIn": 3600}

    rendition: LinkedName = RenditionName.LARGE
    width: SidePx | None = None
    height: SidePx | None = None
    fit: Fit | None = None
    format: FormatName | None = None
    download: bool = Field(default=False, description="Browsers save the file and do not show it.")
    expires_in: Annotated[int, Field(ge=MIN_LINK_SECONDS, le=MAX_LINK_SECONDS, strict=True), JSON_INTEGER] = (
        Field(
            default=DEFAULT_LINK_SECONDS,
            description=f"Seconds until the link ends. For the original {MAX_ORIGINAL_LINK_SECONDS} at most.",
        )
    )

    @field_validator("width", "height", "fit", "format")
    @classmethod
    def require_no_rendition(cls, value: object, info: ValidationInfo) -> object:
        if value is not None and info.data.get("rendition") not in {None, RenditionName.LARGE}:
            raise ValueError("A rendition has its own size and format. Name a rendition or a variant")
        return value

    @field_validator("expires_in")
    @classmethod
    def bound_original(cls, seconds: int, info: ValidationInfo) -> int:
        if info.data.get("rendition") == ORIGINAL and seconds > MAX_ORIGINAL_LINK_SECONDS:
            raise ValueError(f"A link to the original ends after {MAX_ORIGINAL_LINK_SECONDS} seconds or less")
        return seconds

    @property
    def lifetime(self) -> timedelta:
        is_shorter = self.rendition == ORIGINAL and "expires_in" not in self.model_fields_set
        return timedelta(seconds=MAX_ORIGINAL_LINK_SECONDS if is_shorter else self.expires_in)

    @property
    def variant(self) -> VariantRequest:
        return _make_request(self)

    def make_target(self, image_id: str) -> Target:
        """A link with a size or a format shows a variant, any other one the rendition."""
        named = self.variant.named
        parameters = {name: str(value) for name, value in named.items()}
        if self.download:
            parameters["download"] = "1"
        return Target(image_id, "" if named else self.rendition, parameters)


def _make_request(sent: VariantQuery | LinkCreate) -> VariantRequest:
    chosen: FormatChoice | None = None
    if sent.format is not None:
        chosen = AUTO_FORMAT if sent.format == AUTO_FORMAT else VariantFormat(sent.format)
    return VariantRequest(sent.width, sent.height, sent.fit, chosen)
