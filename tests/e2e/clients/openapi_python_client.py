"""Uses the client that openapi-python-client makes: openapi_python_client.py URL USER TOKEN PICTURE."""

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from generated.api.images import (
    delete_image,
    get_image,
    get_rendition,
    list_images,
    update_image,
    upload_image,
)
from generated.client import Client
from generated.models.image_form import ImageForm
from generated.models.image_update import ImageUpdate
from generated.models.rendition_name import RenditionName
from generated.models.visibility import Visibility
from generated.types import UNSET, File

url, user, token, picture = sys.argv[1:]
client = Client(url, headers={"Authorization": f"Bearer {token}"} if token else {}, timeout=60)
caller = {} if token else {"x_user_id": user}
form = ImageForm(
    file=File(Path(picture).open("rb"), "café.jpg", "image/jpeg"),  # noqa: SIM115 - the process ends soon
    description="A.",
    visibility=Visibility.PUBLIC,
    tags=["beach", "sea"],
    user_id=UNSET if token else user,
)
uploaded = upload_image.sync(client=client, body=form, **caller)
while (read := get_image.sync(uploaded.id, client=client, **caller)).status == "processing":
    time.sleep(0.2)
thumbnail = get_rendition.sync_detailed(uploaded.id, RenditionName.THUMBNAIL, client=client, **caller)
listed = list_images.sync(client=client, tags=["sea"], visibility=Visibility.PUBLIC, limit=100, **caller)
updated = update_image.sync(uploaded.id, client=client, body=ImageUpdate(description="B."), **caller)
deleted = delete_image.sync_detailed(uploaded.id, client=client, **caller)
gone = get_image.sync_detailed(uploaded.id, client=client, **caller)
json.dump(
    {
        "filename": uploaded.filename,
        "description": uploaded.description,
        "visibility": uploaded.visibility,
        "tags": uploaded.tags,
        "status": read.status,
        "age": (datetime.now(UTC) - read.created_at).days,
        "thumbnail": thumbnail.content[:4].decode(),
        "isListed": uploaded.id in [image.id for image in listed.images],
        "updated": updated.description,
        "deleted": deleted.status_code,
        "gone": gone.parsed.code,
    },
    sys.stdout,
)
