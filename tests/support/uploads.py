"""Steps of direct uploads, in process."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from typing import TYPE_CHECKING, Any

from app.access.callers import Caller
from app.requests.inputs import DirectUploadCreate
from app.responses.outputs import DirectUpload
from app.uploads import begin_upload
from shared.keys import make_upload_key
from shared.usages import UsageRepository
from tests.support.images import make_pending
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from shared.images import ImageRepository
    from shared.models import Image
    from shared.quotas import Quota
    from shared.storage import ImageStorage
    from tests.support.api import Api, ApiResponse

ANN = Caller("ann")
ANNOUNCED = {"contentType": "image/png", "size": 7, "filename": "a.png"}
PICTURE = make_picture()
SHA256 = hashlib.sha256(PICTURE).hexdigest()


def begin(api: Api, *, user: str | None = "ann", **fields: Any) -> ApiResponse:  # noqa: ANN401 - JSON
    body = {"filename": "a.jpg", "contentType": "image/jpeg", "size": len(PICTURE)} | fields
    return api.post("/images/uploads", user=user, json=body)


def begin_and_post(api: Api, s3: S3Client, content: bytes = PICTURE, **fields: Any) -> str:  # noqa: ANN401 - JSON
    """Begin an upload, and put its bytes where a post to the form would."""
    image_id: str = begin(api, size=len(content), **fields).json["id"]
    s3.put_object(Bucket="bucket", Key=make_upload_key(image_id), Body=content)
    return image_id


def read_policy(response: ApiResponse) -> Any:  # noqa: ANN401 - JSON
    return json.loads(b64decode(response.json["upload"]["fields"]["policy"]))


def list_keys(s3: S3Client) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket="bucket").get("Contents", [])]


def count_rows(dynamodb: DynamoDBClient) -> int:
    return dynamodb.scan(TableName="images")["Count"]


def begin_direct(
    images: ImageRepository,
    storage: ImageStorage,
    claim: str | None = None,
    *,
    quota: Quota | None = None,
    **fields: Any,  # noqa: ANN401 - JSON
) -> DirectUpload:
    announced = DirectUploadCreate.model_validate(ANNOUNCED | fields)
    usages = UsageRepository(images.table, quota)
    begun = begin_upload(images, usages, storage, ANN, announced, claim=claim)
    assert isinstance(begun, DirectUpload)
    return begun


def post_upload(
    images: ImageRepository,
    storage: ImageStorage,
    data: bytes = PICTURE,
    **fields: Any,  # noqa: ANN401 - any field of an image
) -> Image:
    """Begin an upload of these bytes and send them."""
    image = images.add(make_pending(**{"size": len(data), "content_type": "image/png"} | fields))
    storage.add(make_upload_key(image.id), data, "image/png")
    return image


def count_usage(usages: UsageRepository) -> tuple[int, int]:
    counter = usages.get("ann")
    return counter.images, counter.bytes
