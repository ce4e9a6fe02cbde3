"""Uses the Python client that openapi-generator makes: openapi_generator.py URL USER TOKEN PICTURE."""

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from openapi_client import ApiClient, Configuration, ImagesApi, ImageUpdate, RenditionName, Visibility
from openapi_client.exceptions import NotFoundException

url, user, token, picture = sys.argv[1:]
api = ImagesApi(ApiClient(Configuration(host=url, access_token=token or None)))
caller = {} if token else {"x_user_id": user}
uploaded = api.upload_image(
    file=("café.jpg", Path(picture).read_bytes()),
    description="A.",
    visibility=Visibility.PUBLIC,
    tags=["beach", "sea"],
    user_id=None if token else user,
    **caller,
)
while (read := api.get_image(uploaded.id, **caller)).status == "processing":
    time.sleep(0.2)
thumbnail = api.get_rendition(uploaded.id, RenditionName.THUMBNAIL, **caller)
listed = api.list_images(tags=["sea"], visibility=Visibility.PUBLIC, limit=100, **caller)
updated = api.update_image(uploaded.id, ImageUpdate(description="B."), **caller)
deleted = api.delete_image_with_http_info(uploaded.id, **caller)
try:
    api.get_image(uploaded.id, **caller)
except NotFoundException as error:
    gone = json.loads(error.body)["code"]
json.dump(
    {
        "filename": uploaded.filename,
        "description": uploaded.description,
        "visibility": uploaded.visibility,
        "tags": uploaded.tags,
        "status": read.status,
        "age": (datetime.now(UTC) - read.created_at).days,
        "thumbnail": bytes(thumbnail[:4]).decode(),
        "isListed": uploaded.id in [image.id for image in listed.images],
        "updated": updated.description,
        "deleted": deleted.status_code,
        "gone": gone,
    },
    sys.stdout,
)
