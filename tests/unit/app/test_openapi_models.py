"""The models of the OpenAPI document: bodies, forms and queries."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.support.api import Api

type Json = dict[str, Any]

METADATA = ["description", "visibility", "tags", "userId", "onDuplicate"]


def read(api: Api) -> Json:
    document: Json = api.get("/openapi.json").json
    return document


@pytest.mark.parametrize(
    ("path", "model", "fields"),
    [("/images/upload", "ImageForm", ["file", *METADATA]), ("/upload", "FileForm", ["file"])],
)
def test_form_has_a_file_and_its_fields(api: Api, path: str, model: str, fields: list[str]) -> None:
    document = read(api)
    form = document["paths"][path]["post"]["requestBody"]["content"]["multipart/form-data"]
    assert form["schema"] == {"$ref": f"#/components/schemas/{model}"}
    schema = document["components"]["schemas"][model]
    assert [*schema["properties"]] == fields
    assert (schema["required"], schema["additionalProperties"]) == (["file"], False)
    assert schema["properties"]["file"] == {"type": "string", "format": "binary", "minLength": 1}
    types = "image/jpeg, image/png, image/gif, image/webp, image/avif, image/heic, image/heif"
    assert form.get("encoding") == ({"file": {"contentType": types}} if path == "/images/upload" else None)


def test_fields_of_a_form_and_a_query_cannot_be_null(api: Api) -> None:
    document = read(api)
    form = document["components"]["schemas"]["ImageForm"]["properties"]
    assert form["description"] == {"maxLength": 2000, "type": "string"}
    for path in ("/images", "/images/{image_id}/content"):
        query = json.dumps(document["paths"][path]["get"]["parameters"])
        assert "anyOf" not in query + json.dumps(form)


def list_bodies(document: Json) -> list[tuple[str, str, Json]]:
    return [
        (operation["operationId"], media_type, body)
        for methods in document["paths"].values()
        for operation in methods.values()
        for media_type, body in operation.get("requestBody", {}).get("content", {}).items()
    ]


def test_every_body_has_a_schema_and_bytes_are_binary(api: Api) -> None:
    for name, media_type, body in list_bodies(read(api)):
        if media_type == "application/octet-stream":
            assert body == {"schema": {"type": "string", "format": "binary"}}, name
        else:
            assert body["schema"].keys() == {"$ref"}, name


def test_default_is_said_in_words_where_clients_would_send_it(api: Api) -> None:
    document = read(api)
    schemas = document["components"]["schemas"]
    sent = [name for name in schemas if name.endswith(("Create", "Form", "Update", "Metadata", "Content"))]
    assert {"ImageForm", "ImageCreate", "ImageMetadata", "LinkCreate", "ImageContent"} <= {*sent}
    assert '"default"' not in json.dumps([document["paths"], *(schemas[name] for name in sent)])
    assert schemas["LinkCreate"]["properties"]["rendition"]["description"] == "`large` if it is left out."


def test_times_are_date_times(api: Api) -> None:
    schemas = read(api)["components"]["schemas"]
    for model, field in (("ImagePublic", "createdAt"), ("Link", "expiresAt"), ("DirectUpload", "expiresAt")):
        assert schemas[model]["properties"][field] == {"type": "string", "format": "date-time"}


def test_every_model_is_used_and_no_field_has_a_title(api: Api) -> None:
    document = read(api)
    text = json.dumps(document)
    for name, schema in document["components"]["schemas"].items():
        assert f'"#/components/schemas/{name}"' in text
        assert not any("title" in field for field in schema.get("properties", {}).values())


def test_every_example_of_a_body_works(api: Api) -> None:
    examples = {
        name: body["example"] for name, kind, body in list_bodies(read(api)) if kind == "application/json"
    }
    image = api.post("/images/upload", user="ann", json=examples.pop("uploadImageAsJson"))
    item = api.post("/items", user="ann", json=examples["createItem"])
    paths = {
        "beginUpload": ("POST", "/images/uploads", 201),
        "updateImage": ("PATCH", f"/images/{image.json['id']}", 200),
        "updateImageByPut": ("PUT", f"/images/{image.json['id']}", 200),
        "replaceContentAsJson": ("PUT", f"/images/{image.json['id']}/content/", 409),
        "beginReplacement": ("POST", f"/images/{image.json['id']}/content/uploads", 409),
        "runBatch": ("POST", "/images/batch", 200),
        "createLink": ("POST", f"/images/{image.json['id']}/links", 201),
        "createItem": ("POST", "/items", 201),
        "replaceItem": ("PUT", f"/items/{item.json['id']}", 200),
        "uploadFileAsJson": ("POST", "/upload/", 201),
    }
    assert examples.keys() == paths.keys()
    for name, (method, path, status) in paths.items():
        assert api.request(method, path, user="ann", json=examples[name]).status == status, name


def test_null_sets_every_field_of_an_update_back(api: Api) -> None:
    fields = read(api)["components"]["schemas"]["ImageUpdate"]["properties"]
    assert [*fields] == ["description", "visibility", "tags", "filename", "addTags", "removeTags"]
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
