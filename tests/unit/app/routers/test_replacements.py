from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from shared.keys import make_original_key
from tests.support.api import BASE_URL, make_form
from tests.support.replacements import SMALL

if TYPE_CHECKING:
    from tests.support.replacements import Gallery

IMAGE = {"content": b64encode(SMALL).decode()}
DIRECT = {"contentType": "image/png", "size": 7}
METADATA = {"description": "A.", "visibility": "private", "tags": ["a"], "userId": "ann"}
RAW: dict[str, Any] = {"body": SMALL, "headers": {"Content-Type": "image/png"}}


def put(gallery: Gallery, query: str = "", **options: Any) -> Any:  # noqa: ANN401 - a response
    return gallery.api.request("PUT", f"{gallery.url}/content{query}", user="ann", **options)


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("", {"json": {"image": IMAGE | {"filename": "b.png", "contentType": "text/plain"}}}),
        ("", {"json": {"image": IMAGE | {"filename": "b.png"}, "metadata": {}}}),
        ("", make_form(file=SMALL, filename="b.png")),
        ("?filename=b.png", RAW),
    ],
    ids=["json", "json with empty metadata", "form", "bytes"],
)
def test_every_format_replaces_the_bytes(gallery: Gallery, query: str, options: dict[str, Any]) -> None:
    response = put(gallery, query, **options)
    assert response.status == 202
    assert response.json["replacement"]["filename"] == "b.png"
    assert gallery.storage.get(make_original_key(gallery.image_id, 2)) == SMALL
    gallery.process()
    shown = gallery.shown
    assert (shown["filename"], shown["contentType"], shown["size"]) == ("b.png", "image/png", len(SMALL))
    assert (shown["tags"], shown["description"]) == (["sea"], "A.")


@pytest.mark.parametrize("name", METADATA)
def test_metadata_is_refused_and_the_error_names_patch(gallery: Gallery, name: str) -> None:
    value = METADATA[name]
    text = value if isinstance(value, str) else ",".join(value)
    json = {"image": IMAGE, "metadata": {name: value}}
    for prefix, response in (
        ("metadata.", put(gallery, json=json)),
        ("", put(gallery, **make_form((name, text), file=SMALL))),
        *([("", put(gallery, f"?{name}={text}", **RAW))] if name != "userId" else []),
        (
            "metadata.",
            gallery.api.post(
                f"{gallery.url}/content/uploads", user="ann", json=DIRECT | {"metadata": {name: value}}
            ),
        ),
    ):
        assert response.problem == (422, "invalid_fields", [f"{prefix}{name}"])
        assert "PATCH /images/{id}" in response.json["detail"]
    assert gallery.image.replacement is None


@pytest.mark.parametrize("options", [RAW, make_form(file=SMALL), {"json": {"image": IMAGE}}])
def test_query_may_name_the_caller_and_nobody_else(gallery: Gallery, options: dict[str, Any]) -> None:
    assert put(gallery, "?userId=bob", **options).problem == (403, "forbidden", [])
    assert put(gallery, "?userId=ann", **options).status == 202


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"json": {"image": {}}}, (422, "invalid_fields", ["image.content"])),
        ({"json": {"image": IMAGE, "x": 1}}, (422, "invalid_fields", ["x"])),
        (make_form(file=b""), (422, "invalid_fields", ["file"])),
        (make_form(file=b"text"), (415, "unsupported_image", [])),
        (make_form(file=b"\xff\xd8" + b"x" * 4_400_000), (413, "too_large", ["file"])),
        ({"body": b"x", "headers": {"Content-Type": "text/plain"}}, (415, "unsupported_media_type", [])),
    ],
)
def test_bytes_are_judged_as_those_of_an_upload(
    gallery: Gallery, options: dict[str, Any], problem: tuple[int, str, list[str]]
) -> None:
    assert put(gallery, **options).problem == problem
    assert gallery.image.replacement is None


def test_bytes_that_are_too_large_are_sent_to_the_form(gallery: Gallery) -> None:
    detail = put(gallery, **make_form(file=b"\xff\xd8" + b"x" * 4_400_000)).json["detail"]
    assert "POST /images/{id}/content/uploads" in detail


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (DIRECT | {"contentType": "text/plain"}, (415, "unsupported_image", ["contentType"])),
        (DIRECT | {"size": 52_428_801}, (413, "too_large", ["size"])),
        (DIRECT | {"size": 0}, (422, "invalid_fields", ["size"])),
        ({"contentType": "image/png"}, (422, "invalid_fields", ["size"])),
    ],
)
def test_announced_bytes_are_judged_as_those_of_an_upload(
    gallery: Gallery, body: dict[str, Any], problem: tuple[int, str, list[str]]
) -> None:
    response = gallery.api.post(f"{gallery.url}/content/uploads", user="ann", json=body)
    assert response.problem == problem


def test_form_leads_to_the_image(gallery: Gallery) -> None:
    response = gallery.announce(SMALL)
    assert response.headers["Location"] == f"{BASE_URL}{gallery.url}"
    assert response.json.keys() == {"id", "upload", "expiresAt"}


def test_only_the_owner_replaces_and_sees_a_replacement(gallery: Gallery) -> None:
    assert gallery.replace(SMALL, user="bob").problem == (404, "not_found", [])
    gallery.api.request("PATCH", gallery.url, user="ann", json={"visibility": "public"})
    assert gallery.replace(SMALL, user="bob").problem == (403, "forbidden", [])
    assert gallery.replace(SMALL).json["replacement"]["size"] == len(SMALL)
    assert gallery.api.get(gallery.url, user="bob").json["replacement"] is None
    (listed,) = gallery.api.get("/images?userId=ann", user="bob").json["images"]
    assert listed["replacement"] is None
    (own,) = gallery.api.get("/images", user="ann").json["images"]
    assert own["replacement"]["status"] == "processing"


def test_replacement_shows_nothing_that_is_only_stored(gallery: Gallery) -> None:
    shown = gallery.replace(SMALL, Idempotency_Key="a").json["replacement"]
    assert shown.keys() == {
        "status",
        "statusReason",
        "filename",
        "contentType",
        "size",
        "sha256",
        "createdAt",
    }


def test_image_that_is_missing_takes_no_bytes(gallery: Gallery) -> None:
    gallery.images.delete(gallery.image_id)
    assert gallery.replace(SMALL).problem == (404, "not_found", [])
    assert gallery.announce(SMALL).problem == (404, "not_found", [])
    assert make_original_key(gallery.image_id, 2) not in gallery.keys
