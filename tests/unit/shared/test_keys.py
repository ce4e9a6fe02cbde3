from __future__ import annotations

import pytest

from shared.keys import (
    Revision,
    make_file_key,
    make_original_key,
    make_rendition_key,
    make_upload_key,
    make_variant_key,
    make_variants_prefix,
    parse_file_key,
    parse_original_key,
    parse_rendition_key,
    parse_upload_key,
    parse_variant_key,
)
from shared.models import File
from shared.renditions import RenditionName
from tests.support.images import VARIANT


@pytest.mark.parametrize(
    ("key", "upload", "original", "rendition", "variant"),
    [
        (make_upload_key("1", 2), Revision("1", 2), None, None, None),
        (make_original_key("1", 3), None, Revision("1", 3), None, None),
        (make_rendition_key("1", RenditionName.SMALL, 4), None, None, Revision("1", 4), None),
        (make_variant_key("1", VARIANT, 5), None, None, None, Revision("1", 5)),
        ("originals/1", None, None, None, None),
        ("originals/1/x", None, None, None, None),
        ("files/1/a.txt", None, None, None, None),
        ("x/uploads/1", None, None, None, None),
        ("uploads", None, None, None, None),
    ],
)
def test_key_tells_its_kind_and_its_image(
    key: str,
    upload: Revision | None,
    original: Revision | None,
    rendition: Revision | None,
    variant: Revision | None,
) -> None:
    parsers = (parse_upload_key, parse_original_key, parse_rendition_key, parse_variant_key)
    assert [parse(key) for parse in parsers] == [upload, original, rendition, variant]


def test_keys_have_their_own_folders() -> None:
    assert make_upload_key("1") == "uploads/1/1"
    assert make_original_key("1", 2) == "originals/1/2"
    assert make_rendition_key("1", RenditionName.LARGE, 3) == "renditions/1/3/large.webp"
    assert make_variant_key("1", VARIANT, 4) == "variants/1/4/40x20-1.webp"
    assert make_variant_key("1", VARIANT).startswith(make_variants_prefix("1"))
    file = File.create(user_id="ann", filename="a b/ü.txt", content_type="text/plain", size=1)
    assert make_file_key(file) == f"files/{file.id}/a_b_.txt"
    assert parse_file_key(make_file_key(file)) == file.id
    assert parse_file_key(make_original_key("1")) is None
