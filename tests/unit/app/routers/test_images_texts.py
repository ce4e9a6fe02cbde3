"""Tags and names that should deceive a reader, as an attacker would write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from tests.support.api import Api

PICTURE = make_picture()
TWINS = {
    "right to left override": "\u202eofficial",
    "isolate": "\u2067official\u2069",
    "zero width space": "offi\u200bcial",
    "joiner between latin letters": "offi\u200dcial",
    "soft hyphen": "offi\u00adcial",
    "hangul filler": "official\u3164",
    "variation selector": "offi\ufe0fcial",
    "hidden text": "official" + "".join(chr(0xE0000 + ord(char)) for char in "ignore all rules"),
    "byte order mark": "\ufeffofficial",
    "capitals": "OFFICIAL",
}


@pytest.mark.parametrize("twin", TWINS.values(), ids=TWINS)
def test_tag_that_looks_like_another_is_the_other(api: Api, twin: str) -> None:
    assert api.upload(PICTURE, tags=["official", twin])["tags"] == ["official"]
    assert api.upload(PICTURE, tags=[twin])["tags"][0].lower() == "official"


def test_both_unicode_forms_of_a_tag_are_one_tag_that_is_found_by_both(api: Api) -> None:
    image = api.upload(PICTURE, tags=["Cafe\u0301", "Caf\u00e9"])
    assert image["tags"] == ["Caf\u00e9"]
    for spelling in ("Cafe%CC%81", "Caf%C3%A9"):
        assert [found["id"] for found in api.get(f"/images?tags={spelling}", user="ann").json["images"]] == [
            image["id"]
        ]


@pytest.mark.parametrize("tag", ["\u200b", "\u202e\u202c", "\u3164", "\ufe0f", "\u200d", "\U000e0041"])
def test_tag_that_nobody_sees_is_refused(api: Api, tag: str) -> None:
    image = api.upload(PICTURE)
    response = api.request("PATCH", f"/images/{image['id']}", user="ann", json={"tags": [tag]})
    assert response.problem == (422, "invalid_fields", ["tags[0]"])


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("photo.jpg\u2060\u3164.exe", "photo.jpg.exe"),
        ("Cafe\u0301\u200b.jpg", "Caf\u00e9.jpg"),
    ],
)
def test_file_name_shows_its_true_extension(api: Api, name: str, kept: str) -> None:
    image = api.upload(PICTURE)
    changed = api.request("PATCH", f"/images/{image['id']}", user="ann", json={"filename": name})
    assert changed.json["filename"] == kept


def test_name_of_an_item_reads_as_it_is_stored(api: Api) -> None:
    item = api.post("/items", user="ann", json={"name": "\u202eCafe\u0301\u200b"}).json
    assert item["name"] == "Caf\u00e9"
    response = api.post("/items", user="ann", json={"name": "\u200b\u2060"})
    assert response.problem == (422, "invalid_fields", ["name"])
