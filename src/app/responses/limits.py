"""Limits: the models of `GET /limits`."""

from datetime import timedelta
from typing import Self

from pydantic import Field

from shared import limits
from shared.bases import Model
from shared.headers.header import MAX_FRAMES
from shared.inspection import CONTENT_TYPES, MAX_IMAGE_PIXELS, MAX_SIDE_PX
from shared.items import MAX_ITEM_BYTES
from shared.quotas import Quota, Usage
from shared.rates import Rate
from shared.renditions import (
    MAX_ANIMATION_FRAMES,
    MAX_ANIMATION_SECONDS,
    MAX_DELIVERED_BYTES,
    Fit,
    RenditionName,
)
from shared.variants import (
    ASPECT_RATIOS,
    AUTO_FORMAT,
    CARD_SIZE,
    LADDER_PX,
    MAX_VARIANT_SIDE_PX,
    VariantFormat,
    VariantMode,
)


class RenditionBox(Model):
    """The box of a rendition, and how a picture fits into it."""

    width: int
    height: int
    fit: Fit


class VariantLimits(Model):
    """The sizes and formats that everyone may ask for. A signed link may ask for any size."""

    mode: VariantMode = Field(description="`signed`: a signed link alone may ask. `disabled`: nobody.")
    ladder_px: list[int] = Field(
        default=[*LADDER_PX], description="The widths, and the heights that stand without a width."
    )
    aspect_ratios: list[str] = Field(
        default=[f"{across}:{down}" for across, down in ASPECT_RATIOS],
        description="Of a width of the ladder with a height, which is rounded to whole pixels.",
    )
    sizes: list[str] = Field(
        default=["{}x{}".format(*CARD_SIZE)], description="Widths with heights that are allowed besides."
    )
    fits: list[Fit] = Field(default=[*Fit])
    formats: list[str] = Field(default=[AUTO_FORMAT, *VariantFormat])
    max_signed_side_px: int = MAX_VARIANT_SIDE_PX
    max_bytes: int = Field(
        default=MAX_DELIVERED_BYTES, description="What would be larger is encoded with less quality."
    )


class Limits(Model):
    """Every limit that a client can run into."""

    max_inline_bytes: int = limits.MAX_INLINE_BYTES
    max_json_image_bytes: int = limits.MAX_JSON_IMAGE_BYTES
    max_direct_bytes: int = limits.MAX_DIRECT_BYTES
    min_upload_seconds: int = limits.MIN_UPLOAD_SECONDS
    max_upload_seconds: int = limits.MAX_UPLOAD_SECONDS
    max_link_seconds: int = limits.MAX_LINK_SECONDS
    max_pixels: int = MAX_IMAGE_PIXELS
    max_side_px: int = MAX_SIDE_PX
    max_frames: int = MAX_FRAMES
    accepted_types: list[str] = sorted(CONTENT_TYPES.values())
    max_tags: int = limits.MAX_TAGS
    max_tag_chars: int = limits.MAX_TAG_CHARS
    max_filter_tags: int = limits.MAX_FILTER_TAGS
    max_description_chars: int = limits.MAX_DESCRIPTION_CHARS
    max_filename_chars: int = limits.MAX_FILENAME_CHARS
    max_user_id_chars: int = limits.MAX_USER_ID_CHARS
    max_user_id_bytes: int = limits.MAX_USER_ID_BYTES
    max_item_name_chars: int = limits.MAX_ITEM_NAME_CHARS
    max_json_bytes: int = limits.MAX_JSON_BYTES
    max_page_size: int = limits.MAX_PAGE_SIZE
    max_batch_ids: int = limits.MAX_BATCH_IDS
    max_idempotency_key_chars: int = limits.MAX_IDEMPOTENCY_KEY_CHARS
    idempotency_key_seconds: int = limits.IDEMPOTENCY_KEY_SECONDS
    max_item_bytes: int = MAX_ITEM_BYTES
    max_user_images: int | None = Field(description="Images that a user may have. Null for any number.")
    max_user_files: int | None = Field(description="The same for legacy files.")
    max_user_bytes: int | None = Field(
        description="Bytes that the originals and files of a user may have together. Null for any number."
    )
    max_user_items: int | None = Field(description="Items that a user may have. Null for any number.")
    max_pending_uploads: int | None = Field(
        description="Direct uploads that a user may have begun and not finished. Null for any number."
    )
    max_pending_bytes: int | None = Field(description="Bytes that these may have announced together.")
    user_writes_per_minute: int | None = Field(
        description="Writes of a user, such as uploads and changes. Null for any number."
    )
    user_write_burst: int = Field(description="Writes that a user may make at once after a pause.")
    trash_days: int = Field(description="Days after which an image in the trash ends.")
    recovery_days: int = Field(
        description="Days for which the bytes of what was deleted are kept, for the operator to bring back."
    )
    used: Usage | None = Field(description="What the user uses of these. Null without a user.")
    rendition_edges_px: dict[RenditionName, int] = Field(
        default_factory=lambda: {name: name.edge_px for name in RenditionName}
    )
    renditions: dict[RenditionName, RenditionBox] = Field(
        default_factory=lambda: {
            name: RenditionBox(width=name.width, height=name.height, fit=name.fit) for name in RenditionName
        }
    )
    max_animation_seconds: int = Field(
        default=MAX_ANIMATION_SECONDS, description="The part of an animation that its rendition shows."
    )
    max_animation_frames: int = Field(
        default=MAX_ANIMATION_FRAMES, description="An animation with more in that time has no such rendition."
    )
    variants: VariantLimits

    @classmethod
    def of(  # noqa: PLR0913, PLR0917 - the bounds
        cls,
        quota: Quota,
        rate: Rate,
        mode: VariantMode,
        trash_lifetime: timedelta,
        recovery_days: int,
        used: Usage | None,
    ) -> Self:
        """All limits, with the bounds of this deployment."""
        return cls(
            max_user_images=quota.max_images,
            max_user_files=quota.max_files,
            max_user_bytes=quota.max_bytes,
            max_user_items=quota.max_items,
            max_pending_uploads=quota.max_pending_uploads,
            max_pending_bytes=quota.max_pending_bytes,
            user_writes_per_minute=rate.per_minute,
            user_write_burst=rate.burst,
            trash_days=trash_lifetime.days,
            recovery_days=recovery_days,
            used=used,
            variants=VariantLimits(mode=mode),
        )
