"""Every field of the metadata model arrives on every path. A field that one place forgets turns this red."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from pydantic.alias_generators import to_camel

from app.requests.inputs import ImageDetails, ImageMetadata, ImageQueryMetadata, ImageUpdate
from app.responses.outputs import ImagePublic
from shared.keys import Revision, make_upload_key
from shared.models import Image
from tests.support.api import make_form, make_upload
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from processor.processing import Processor
    from tests.support.api import Api

PICTURE = make_picture()
UPLOAD = "/images/upload"
FIELDS = {to_camel(name) for name in ImageDetails.model_fields}
NOT_SET_BY_CLIENTS = {
    "id",
    "user_id",  # for admins, and with AUTH_MODE=open
    "filename",  # cleaned, and given an extension
    "content_type",
    "size",
    "width",
    "height",
    "sha256",
    "status",
    "status_reason",
    "trashed_at",
    "renditions",
    "placeholder",
    "exif",
    "animated",
    "url",
    "created_at",
    "updated_at",
    "revision",
    "replacement",
    "version",
}


def make_sample(schema: dict[str, Any], definitions: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """A value that the schema allows and that is not the default."""
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]] | schema
    if "anyOf" in schema:
        schema = next(part for part in schema["anyOf"] if part != {"type": "null"}) | schema
    if "enum" in schema:
        return next(value for value in schema["enum"] if value != schema.get("default"))
    match schema["type"]:
        case "string":
            return "sample"
        case "array":
            return [make_sample(schema["items"], definitions)]
        case "boolean":
            return not schema.get("default")
        case kind:
            raise NotImplementedError(f"add a sample of a {kind} here")


def make_samples() -> dict[str, Any]:
    schema = ImageDetails.model_json_schema()
    definitions = schema.get("$defs", {})
    return {name: make_sample(part, definitions) for name, part in schema["properties"].items()}


SAMPLES = make_samples()


def as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def upload_json(api: Api) -> str:
    return read_id(api.post(UPLOAD, user="ann", json=make_upload(PICTURE, **SAMPLES)))


def upload_form(api: Api) -> str:
    fields = ((name, as_text(value)) for name, value in SAMPLES.items())
    return read_id(api.post(UPLOAD, user="ann", **make_form(*fields, file=PICTURE)))


def upload_bytes(api: Api) -> str:
    query = urlencode({name: as_text(value) for name, value in SAMPLES.items()})
    headers = {"Content-Type": "image/jpeg"}
    return read_id(api.post(f"{UPLOAD}?{query}", user="ann", body=PICTURE, encode=True, headers=headers))


def upload_directly(api: Api) -> str:
    body = {"contentType": "image/jpeg", "size": len(PICTURE), "metadata": SAMPLES}
    return read_id(api.post("/images/uploads", user="ann", json=body))


def update(method: str) -> Callable[[Api], str]:
    def send(api: Api) -> str:
        image_id: str = api.upload(PICTURE)["id"]
        assert api.request(method, f"/images/{image_id}", user="ann", json=SAMPLES).status == 200
        return image_id

    return send


def read_id(response: Any) -> str:  # noqa: ANN401 - of the API
    assert response.status == 201, response.body
    image_id: str = response.json["id"]
    return image_id


PATHS = {
    "json": upload_json,
    "form": upload_form,
    "bytes": upload_bytes,
    "direct": upload_directly,
    "PATCH": update("PATCH"),
    "PUT": update("PUT"),
}


def read_fields(image: dict[str, Any]) -> dict[str, Any]:
    return {name: image.get(name) for name in SAMPLES}


def test_samples_are_no_defaults() -> None:
    assert SAMPLES.keys() == FIELDS
    assert FIELDS
    assert not any(value in (None, [], "") for value in SAMPLES.values())


@pytest.mark.parametrize("path", PATHS)
def test_every_field_is_read_back_on_every_path(
    api: Api, processor: Processor, s3: S3Client, path: str
) -> None:
    image_id = PATHS[path](api)
    url = f"/images/{image_id}"
    assert read_fields(api.get(url, user="ann").json) == SAMPLES
    if path == "direct":
        s3.put_object(Bucket="bucket", Key=make_upload_key(image_id), Body=PICTURE)
        processor.accept(Revision(image_id), datetime.now(UTC))
    processor.process(Revision(image_id), datetime.now(UTC), seconds=60)
    assert read_fields(api.get(url, user="ann").json) == SAMPLES
    (listed,) = api.get("/images", user="ann").json["images"]
    assert read_fields(listed) == SAMPLES
    assert api.post(f"{url}/reprocess", user="ann").status == 202
    assert read_fields(api.get(url, user="ann").json) == SAMPLES


@pytest.mark.parametrize("name", SAMPLES)
def test_null_sets_a_field_back_to_its_default(api: Api, name: str) -> None:
    image_id = upload_json(api)
    default = api.upload(PICTURE)[name]
    changed = api.request("PATCH", f"/images/{image_id}", user="ann", json={name: None}).json
    assert read_fields(changed) == SAMPLES | {name: default}


@pytest.mark.parametrize(
    "model",
    [ImageMetadata, ImageQueryMetadata, ImageUpdate, Image, ImagePublic],
    ids=lambda model: model.__name__,
)
def test_every_model_on_the_way_has_every_field(model: Any) -> None:  # noqa: ANN401 - a model
    assert ImageDetails.model_fields.keys() <= model.model_fields.keys()


def test_every_field_that_is_shown_can_be_set_or_is_ours() -> None:
    """A field of responses that requests do not know stays null for ever."""
    assert ImagePublic.model_fields.keys() == ImageDetails.model_fields.keys() | NOT_SET_BY_CLIENTS


def test_default_of_each_field_is_the_same_in_request_and_record() -> None:
    for name, field in ImageDetails.model_fields.items():
        assert Image.model_fields[name].default == field.default
        assert Image.model_fields[name].is_required() is field.is_required()


def test_every_field_is_documented_on_every_path(api: Api) -> None:
    schemas = api.get("/openapi.json").json["components"]["schemas"]
    for model in ("ImageForm", "ImageMetadata", "ImageUpdate", "ImagePublic"):
        assert schemas[model]["properties"].keys() >= FIELDS
