"""The models of the OpenAPI document: bodies, forms and queries."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.support.api import Api

type Json = dict[str, Any]

METADATA = ["description", "visibility", "tags", "userId"]


def read(api: Api) -> Json:
    document: Json = api.get("/openapi.json").json
    return document


@pytest.mark.parametrize(("path", "fields"), [("/images/upload", ["file", *METADATA]), ("/upload", ["file"])])
def test_form_has_a_file_and_its_fields(api: Api, path: str, fields: list[str]) -> None:
    form = read(api)["paths"][path]["post"]["requestBody"]["content"]["multipart/form-data"]
    assert [*form["schema"]["properties"]] == fields
    assert (form["schema"]["required"], form["schema"]["additionalProperties"]) == (["file"], False)
    assert form["schema"]["properties"]["file"]["minLength"] == 1
    types = "image/jpeg, image/png, image/gif, image/webp, image/avif, image/heic, image/heif"
    assert form.get("encoding") == ({"file": {"contentType": types}} if path == "/images/upload" else None)


def test_fields_of_a_form_and_a_query_cannot_be_null(api: Api) -> None:
    document = read(api)
    form = document["paths"]["/images/upload"]["post"]["requestBody"]["content"]["multipart/form-data"]
    assert form["schema"]["properties"]["description"] == {
        "maxLength": 2000,
        "type": "string",
        "title": "Description",
    }
    query = json.dumps(document["paths"]["/images"]["get"]["parameters"])
    assert "anyOf" not in query + json.dumps(form)
    assert "$ref" not in query + json.dumps(form)


def test_null_sets_every_field_of_an_update_back(api: Api) -> None:
    fields = read(api)["components"]["schemas"]["ImageUpdate"]["properties"]
    assert [*fields] == ["description", "visibility", "tags", "filename"]
    for field in fields.values():
        assert field["anyOf"].count({"type": "null"}) == 1
        assert len(field["anyOf"]) == 2
        assert json.dumps(field).count("anyOf") == 1
        assert "default" not in json.dumps(field)


def test_document_defines_all_that_it_refers_to_and_shows_no_internals(api: Api) -> None:
    document = read(api)
    text = json.dumps(document)
    schemas = document["components"]["schemas"]
    assert {name.split('"')[0] for name in text.split('"#/components/schemas/')[1:]} <= schemas.keys()
    assert not re.search("x-(query|form-fields|keyed)", text)
    assert (document["info"]["title"], document["servers"]) == (
        "Image upload service",
        [{"url": "http://localhost:3000"}],
    )
    assert schemas["DirectUploadCreate"]["properties"]["size"]["maximum"] == 52_428_800
    assert schemas["Problem"]["required"] == ["title", "status", "detail", "code", "requestId"]
