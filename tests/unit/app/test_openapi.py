"""The OpenAPI document: it names every response, header and parameter that the API has, for both modes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.tokens import requiring_tokens

if TYPE_CHECKING:
    from tests.support.api import Api

type Json = Any

ALWAYS = ["429", "500", "503"]
BODY = ["400", "413", "415"]
CHANGE = ["403", "404", "409", "412"]
PAGE = ["userId", "limit", "cursor", "order"]
CONTENT = ["v", "download", "expires", "signature", "If-None-Match"]
VARIANT = ["width", "height", "fit", "format"]
PICTURE_HEADERS = ["ETag", "Cache-Control", "Content-Disposition"]
FORM = ["multipart/form-data"]
FILTERS = ["tags", "match", "visibility", "sha256", "createdAfter", "createdBefore", "trashed"]

# Statuses without `ALWAYS`; parameters beside the path's and the caller's; media types of the body; whether a
# token is needed (None: it is not even read).
OPERATIONS: dict[tuple[str, str], tuple[list[str], list[str], list[str], bool | None]] = {
    ("post", "/images/upload"): (
        ["200", "201", "403", "404", "409", "422", *BODY],
        ["Idempotency-Key"],
        ["multipart/form-data", "application/octet-stream"],
        True,
    ),
    ("post", "/images/uploads"): (
        ["200", "201", "403", "404", "409", "422", *BODY],
        ["Idempotency-Key"],
        ["application/json"],
        True,
    ),
    ("get", "/images"): (["200", "403", "422"], [*PAGE, *FILTERS], [], False),
    ("get", "/images/{image_id}"): (["200", "304", "404", "422"], ["If-None-Match"], [], False),
    ("put", "/images/{image_id}"): (
        ["200", "422", *BODY, *CHANGE],
        ["If-Match"],
        ["application/json", "application/merge-patch+json"],
        True,
    ),
    ("patch", "/images/{image_id}"): (
        ["200", "422", *BODY, *CHANGE],
        ["If-Match"],
        ["application/json", "application/merge-patch+json"],
        True,
    ),
    ("delete", "/images/{image_id}"): (["204", "422", *CHANGE], ["If-Match"], [], True),
    ("post", "/images/{image_id}/reprocess"): (
        ["202", "422", *CHANGE],
        ["Idempotency-Key", "If-Match"],
        [],
        True,
    ),
    ("post", "/images/batch"): (
        ["200", "403", "404", "409", "422", *BODY],
        ["Idempotency-Key", "If-Match"],
        ["application/json"],
        True,
    ),
    ("post", "/images/{image_id}/trash"): (
        ["200", "422", *CHANGE],
        ["Idempotency-Key", "If-Match"],
        [],
        True,
    ),
    ("post", "/images/{image_id}/restore"): (
        ["200", "422", *CHANGE],
        ["Idempotency-Key", "If-Match"],
        [],
        True,
    ),
    ("get", "/images/{image_id}/content"): (
        ["200", "302", "304", "404", "422"],
        [*CONTENT[:-1], *VARIANT, CONTENT[-1]],
        [],
        False,
    ),
    ("get", "/images/{image_id}/content/original"): (
        ["302", "403", "404", "422"],
        [name for name in CONTENT if name != "If-None-Match"],
        [],
        False,
    ),
    ("put", "/images/{image_id}/content"): (
        ["202", "422", *BODY, *CHANGE],
        ["Idempotency-Key", "If-Match"],
        ["multipart/form-data", "application/octet-stream"],
        True,
    ),
    ("post", "/images/{image_id}/content/uploads"): (
        ["201", "422", *BODY, *CHANGE],
        ["Idempotency-Key", "If-Match"],
        ["application/json"],
        True,
    ),
    ("get", "/images/{image_id}/content/{rendition}"): (["200", "304", "404", "422"], CONTENT, [], False),
    ("post", "/images/{image_id}/links"): (
        ["201", "422", *BODY, *CHANGE],
        ["Idempotency-Key", "If-Match"],
        ["application/json"],
        True,
    ),
    ("delete", "/images/{image_id}/links"): (["204", "422", *CHANGE], ["If-Match"], [], True),
    ("post", "/items"): (
        ["201", "403", "404", "409", "422", *BODY],
        ["Idempotency-Key"],
        ["application/json"],
        True,
    ),
    ("get", "/items"): (["200", "403", "422"], PAGE, [], True),
    ("get", "/items/{item_id}"): (["200", "304", "404", "422"], ["If-None-Match"], [], True),
    ("put", "/items/{item_id}"): (
        ["200", "422", *BODY, *CHANGE],
        ["If-Match"],
        ["application/json"],
        True,
    ),
    ("delete", "/items/{item_id}"): (["204", "422", *CHANGE], ["If-Match"], [], True),
    ("post", "/upload"): (["201", "403", "404", "409", "422", *BODY], ["Idempotency-Key"], FORM, True),
    ("get", "/tags"): (["200", "403", "422"], ["userId", "limit", "cursor", "prefix"], [], True),
    ("get", "/files"): (["200", "403", "422"], PAGE, [], True),
    ("get", "/files/{file_id}"): (["200", "404", "422"], [], [], True),
    ("delete", "/files/{file_id}"): (["204", "422", *CHANGE], ["If-Match"], [], True),
    ("get", "/"): (["200"], [], [], None),
    ("get", "/health"): (["200"], [], [], None),
    ("get", "/limits"): (["200", "403", "422"], ["userId"], [], False),
    ("get", "/me"): (["200", "422"], [], [], True),
    ("delete", "/me"): (["202", "403", "422"], [], [], True),
}
for _key in [("post", "/images/upload"), ("put", "/images/{image_id}/content"), ("post", "/upload")]:
    OPERATIONS[_key[0], f"{_key[1]}/"] = (*OPERATIONS[_key][:2], ["application/json"], True)
RESPONSE_HEADERS = {
    ("post", "/images/upload"): {"200": ["Location", "ETag"], "201": ["Location", "ETag"]},
    ("post", "/images/uploads"): {"200": ["Location", "ETag"], "201": ["Location"]},
    ("post", "/upload"): {"201": ["Deprecation", "Sunset", "Link"]},
    ("get", "/images/{image_id}"): {"200": ["ETag"], "304": ["ETag"]},
    ("post", "/images/{image_id}/reprocess"): {"202": ["ETag"]},
    ("post", "/images/{image_id}/trash"): {"200": ["ETag"]},
    ("post", "/images/{image_id}/restore"): {"200": ["ETag"]},
    ("get", "/images/{image_id}/content"): {"302": ["Location"], "200": PICTURE_HEADERS, "304": ["ETag"]},
    ("get", "/images/{image_id}/content/original"): {"302": ["Location"]},
    ("get", "/images/{image_id}/content/{rendition}"): {"200": PICTURE_HEADERS, "304": ["ETag"]},
    ("put", "/images/{image_id}/content"): {"202": ["ETag"]},
    ("post", "/images/{image_id}/content/uploads"): {"201": ["Location"]},
    ("put", "/items/{item_id}"): {"200": ["ETag"]},
    ("post", "/items"): {"201": ["Location", "ETag"]},
}
CALLER = {"X-User-Id"}
RENDITION = ["image/webp", "application/octet-stream"]
VARIANTS = ["image/avif", "image/webp", "image/jpeg", "image/png", "application/octet-stream"]
OPERATION_IDS = [
    *("uploadImage", "uploadImageAsJson", "beginUpload", "listImages", "getImage", "deleteImage"),
    *("updateImage", "updateImageByPut", "reprocessImage", "getContent", "getOriginal", "getRendition"),
    *("trashImage", "restoreImage", "runBatch"),
    *("replaceContent", "replaceContentAsJson", "beginReplacement", "createLink", "deleteLinks"),
    *("createItem", "listItems", "getItem", "replaceItem", "deleteItem"),
    *("uploadFile", "uploadFileAsJson", "listFiles", "listTags", "getFile", "deleteFile"),
    *("getMe", "deleteMe", "getService", "getHealth", "getLimits"),
]


def read(api: Api, mode: str) -> Json:
    if mode == "open":
        return api.get("/openapi.json").json
    with requiring_tokens():
        return api.get("/openapi.json").json


def list_operations(document: Json) -> dict[tuple[str, str], Json]:
    return {
        (method, path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def list_parameters(operation: Json) -> list[str]:
    return [found["name"] for found in operation.get("parameters", []) if found["in"] != "path"]


@pytest.mark.parametrize("mode", ["open", "jwt"])
def test_operation_has_its_responses_parameters_and_bodies(api: Api, mode: str) -> None:
    operations = list_operations(read(api, mode))
    assert operations.keys() == OPERATIONS.keys()
    for name, (statuses, parameters, media_types, token) in OPERATIONS.items():
        operation = operations[name]
        unauthorized = ["401"] if mode == "jwt" and token is not None else []
        assert sorted(operation["responses"]) == sorted([*statuses, *ALWAYS, *unauthorized]), name
        found = list_parameters(operation)
        assert len(found) == len({*found})
        if mode == "jwt":
            assert found == parameters
        else:
            named = CALLER if token is not None else set()
            assert {*found} == {*parameters} | named
        body = operation.get("requestBody", {})
        assert [*body.get("content", {})] == media_types
        assert body.get("required", True) is (name != ("post", "/images/{image_id}/links"))


def test_every_operation_has_a_short_name(api: Api) -> None:
    operations = list_operations(read(api, "open")).values()
    assert sorted(operation["operationId"] for operation in operations) == sorted(OPERATION_IDS)


def test_only_the_mode_with_tokens_describes_them(api: Api) -> None:
    with_tokens, without = read(api, "jwt"), read(api, "open")
    scheme = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    assert with_tokens["components"]["securitySchemes"] == scheme
    assert "securitySchemes" not in without["components"]
    assert not any("security" in operation for operation in list_operations(without).values())
    needs: dict[bool | None, Any] = {True: [{"token": []}], False: [{"token": []}, {}], None: None}
    for name, operation in list_operations(with_tokens).items():
        assert operation.get("security") == needs[OPERATIONS[name][3]], name


def test_responses_have_their_headers(api: Api) -> None:
    operations = list_operations(read(api, "jwt"))
    header = {"required": True, "schema": {"type": "string"}}
    for name, statuses in RESPONSE_HEADERS.items():
        for status, headers in statuses.items():
            found = operations[name]["responses"][status]["headers"]
            assert found == dict.fromkeys(headers, header), name
    for operation in operations.values():
        for status in ("429", "503"):
            assert operation["responses"][status]["headers"] == {"Retry-After": header}
        if refusal := operation["responses"].get("401"):
            (challenge,) = refusal["headers"].items()
            assert challenge[0] == "WWW-Authenticate"
            assert "required" not in challenge[1], "API Gateway renames it"
        assert "headers" not in operation["responses"]["500"]


def test_listings_may_name_their_next_page(api: Api) -> None:
    operations = list_operations(read(api, "open"))
    for path in ("/images", "/items", "/files", "/tags"):
        assert operations["get", path]["responses"]["200"]["headers"]["Link"].keys() == {
            "description",
            "schema",
        }


def test_every_failure_is_a_problem_and_empty_responses_have_no_content(api: Api) -> None:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operation in list_operations(read(api, "jwt")).values():
        for status, response in operation["responses"].items():
            if status in {"204", "302", "304"}:
                assert "content" not in response
            elif status >= "400":
                assert response["content"] == problem
            else:
                assert [*response["content"]] in (["application/json"], RENDITION, VARIANTS)


def test_parameters_are_optional_and_say_what_they_are_for(api: Api) -> None:
    operations = list_operations(read(api, "open"))
    parameters = {
        found["name"]: found for operation in operations.values() for found in operation.get("parameters", [])
    }
    assert {name for name, found in parameters.items() if found["in"] == "path"} == {
        "image_id",
        "item_id",
        "file_id",
        "rendition",
    }
    others = [found for name, found in parameters.items() if name != "X-User-Id"]
    assert all(found["required"] is (found["in"] == "path") for found in others)
    required = {
        name
        for name, operation in operations.items()
        for found in operation.get("parameters", [])
        if found["name"] == "X-User-Id" and found["required"]
    }
    assert required == {("get", "/me"), ("delete", "/me"), ("get", "/tags")}
    headers = {name: found["description"] for name, found in parameters.items() if found["in"] == "header"}
    assert headers.keys() == {"Idempotency-Key", "If-Match", "If-None-Match", "X-User-Id"}
    assert all(headers.values())
    assert parameters["Idempotency-Key"]["schema"] == {"type": "string", "pattern": "^[!-~]{1,255}$"}
    assert parameters["X-User-Id"]["schema"] == {
        "type": "string",
        "minLength": 1,
        "maxLength": 128,
        "pattern": r"^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?$",
    }
    assert parameters["cursor"]["schema"]["maxLength"] == 1000
    assert parameters["createdAfter"]["schema"]["format"] == "date-time"
