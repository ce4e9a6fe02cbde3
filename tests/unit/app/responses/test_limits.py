from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.main import create_app
from app.parameters import get_quota
from shared import limits
from shared.renditions import RenditionName

if TYPE_CHECKING:
    from shared.quotas import Quota
    from tests.support.api import Api

# Every limit of the API, as docs and clients know it.
LIMITS = {
    "MAX_INLINE_BYTES": 4_400_000,
    "MAX_JSON_IMAGE_BYTES": 3_300_000,
    "MAX_DIRECT_BYTES": 52_428_800,
    "MAX_JSON_BYTES": 100_000,
    "MIN_UPLOAD_SECONDS": 120,
    "MAX_UPLOAD_SECONDS": 3540,
    "DEFAULT_UPLOAD_SECONDS": 1800,
    "MIN_LINK_SECONDS": 1,
    "MAX_LINK_SECONDS": 604_800,
    "DEFAULT_LINK_SECONDS": 3600,
    "MAX_ORIGINAL_LINK_SECONDS": 300,
    "MAX_TAGS": 20,
    "MAX_TAG_CHARS": 50,
    "MAX_FILTER_TAGS": 10,
    "MAX_DESCRIPTION_CHARS": 2000,
    "MAX_FILENAME_CHARS": 255,
    "MAX_USER_ID_CHARS": 128,
    "MAX_USER_ID_BYTES": 256,
    "MAX_ITEM_NAME_CHARS": 200,
    "MAX_PAGE_SIZE": 100,
    "MAX_BATCH_IDS": 100,
    "DEFAULT_PAGE_SIZE": 20,
    "MAX_CURSOR_CHARS": 1000,
    "MAX_FIELDS": 50,
    "MAX_IDEMPOTENCY_KEY_CHARS": 255,
    "IDEMPOTENCY_KEY_SECONDS": 86_400,
}


def test_limits_are_those_that_clients_know() -> None:
    assert {name: value for name, value in vars(limits).items() if name.isupper()} == LIMITS


def test_endpoint_of_limits_tells_every_limit(api: Api, quota: Quota) -> None:
    quota = replace(quota, max_files=7)
    create_app().dependency_overrides[get_quota] = lambda: quota
    assert api.get("/limits").json == {
        "maxInlineBytes": 4_400_000,
        "maxJsonImageBytes": 3_300_000,
        "maxDirectBytes": 52_428_800,
        "minUploadSeconds": 120,
        "maxUploadSeconds": 3540,
        "maxLinkSeconds": 604_800,
        "maxPixels": 100_000_000,
        "maxSidePx": 30_000,
        "maxFrames": 10_000,
        "acceptedTypes": [
            "image/avif",
            "image/gif",
            "image/heic",
            "image/heif",
            "image/jpeg",
            "image/png",
            "image/webp",
        ],
        "maxTags": 20,
        "maxTagChars": 50,
        "maxFilterTags": 10,
        "maxDescriptionChars": 2000,
        "maxFilenameChars": 255,
        "maxUserIdChars": 128,
        "maxUserIdBytes": 256,
        "maxItemNameChars": 200,
        "maxJsonBytes": 100_000,
        "maxPageSize": 100,
        "maxBatchIds": 100,
        "maxIdempotencyKeyChars": 255,
        "idempotencyKeySeconds": 86_400,
        "maxItemBytes": 100_000,
        "maxUserImages": quota.max_images,
        "maxUserFiles": 7,
        "maxUserBytes": quota.max_bytes,
        "maxUserItems": None,
        "maxPendingUploads": None,
        "maxPendingBytes": None,
        "userWritesPerMinute": None,
        "userWriteBurst": 1,
        "trashDays": 30,
        "recoveryDays": 0,
        "used": None,
        "renditionEdgesPx": {name: name.edge_px for name in RenditionName},
        "renditions": {
            name: {"width": name.width, "height": name.height, "fit": name.fit} for name in RenditionName
        },
        "maxAnimationSeconds": 10,
        "maxAnimationFrames": 500,
        "variants": {
            "mode": "enabled",
            "ladderPx": [64, 320, 640, 960, 1280, 2000],
            "aspectRatios": ["1:1", "4:3", "3:2", "16:9", "3:4", "2:3", "9:16"],
            "sizes": ["1200x630"],
            "fits": ["inside", "cover"],
            "formats": ["auto", "avif", "webp", "jpeg", "png"],
            "maxSignedSidePx": 2000,
            "maxBytes": 4_400_000,
        },
    }
