from __future__ import annotations

import re
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from shared.keys import Revision, make_original_key, make_rendition_key
from shared.renditions import STILLS
from tests.support.metadata import CASES, find_place, unpack
from tests.support.pictures import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    draw_quadrants,
    encode,
    list_webp_chunks,
    make_exif,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from processor.processing import Processor
    from shared.storage import ImageStorage
    from tests.support.api import Api, ApiResponse

OUR_TIMES = re.compile(rb"T\d\d:\d\d:\d\d\.\d{6}Z")  # in which any digits may stand
KNOWN_LOCATION = {"latitude": 48.85837, "longitude": 2.294481, "altitude": None}
ALLOWED_CHUNKS = {b"VP8X", b"VP8 ", b"VP8L", b"ALPH"}
METADATA_KEYS = {"exif", "xmp", "icc_profile", "comment", "photoshop", "XML:com.adobe.xmp"}


def fetch_as_strangers(api: Api, image_id: str) -> Iterator[ApiResponse]:
    url = f"/images/{image_id}"
    for user, listing in [(None, "/images"), ("bob", "/images?userId=ann")]:
        yield (image := api.get(url, user=user))
        yield (page := api.get(listing, user=user))
        assert page.json["images"] == [image.json]
        yield (content := api.get(f"{url}/content", user=user))
        assert content.headers["ETag"] == '"1-large"'
        yield from (api.get(f"{url}/content/{name}", user=user) for name in STILLS)


def assert_shows_the_picture_alone(rendition: bytes) -> None:
    assert not find_place(rendition)
    assert set(list_webp_chunks(rendition)) <= ALLOWED_CHUNKS
    with Image.open(BytesIO(rendition)) as opened:
        assert not METADATA_KEYS & set(opened.info)
        image = opened.convert("RGB")
    for (x, y), color in zip([(1, 1), (3, 1), (1, 3), (3, 3)], [RED, GREEN, BLUE, WHITE], strict=True):
        assert image.getpixel((x * image.width // 4, y * image.height // 4)) == pytest.approx(color, abs=40)


@pytest.mark.parametrize(
    ("make_file", "is_known"),
    [
        pytest.param(make_file, place == "EXIF location", id=f"{form} {place}")
        for form, place, make_file in CASES
    ],
)
def test_no_stranger_can_fetch_a_place_that_only_the_owner_sent(
    api: Api, processor: Processor, storage: ImageStorage, make_file: Callable[[], bytes], is_known: bool
) -> None:
    sent = make_file()
    assert find_place(unpack(sent))
    image_id = api.upload(sent, visibility="public")["id"]
    assert processor.process(Revision(image_id), datetime.now(UTC), seconds=60) == "ready"

    for response in fetch_as_strangers(api, image_id):
        assert not find_place(OUR_TIMES.sub(b"", response.body))
        assert not find_place(repr(response.headers).encode())
    for name in STILLS:
        assert_shows_the_picture_alone(storage.get(make_rendition_key(image_id, name)))

    owned = api.get(f"/images/{image_id}", user="ann").json["exif"] or {}
    assert owned.get("location") == (KNOWN_LOCATION if is_known else None)
    assert storage.get(make_original_key(image_id)) == sent


def test_only_the_owner_sees_facts_of_the_original(api: Api, processor: Processor) -> None:
    photo = make_exif({}, {0x9003: "2024:05:06 07:08:09", 0x9011: "+05:45"})
    image_id = api.upload(encode(draw_quadrants(), "JPEG", exif=photo), visibility="public")["id"]
    processor.process(Revision(image_id), datetime.now(UTC), seconds=60)
    own, other = (api.get(f"/images/{image_id}", user=user).json for user in ("ann", "bob"))
    assert own["exif"]["takenAt"] == "2024-05-06T07:08:09+05:45"
    assert all(own[name] for name in ("sha256", "size", "exif"))
    assert not any(other[name] for name in ("sha256", "size", "exif"))
