"""The legacy upload: any file, stored as a download."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from app.dependencies import BaseUrl, CurrentCaller, RequestClaim, Storage, idempotent
from app.openapi import BODY_ERRORS, accepts_upload, responds
from app.requests.formats import UploadedFile, read_file_upload
from app.requests.inputs import FileCreate
from app.responses.outputs import FileUploaded
from app.uploads import upload_file

DEPRECATED_SINCE = "@1795478400"  # 2026-11-24, as RFC 9745 writes it
SUNSET = "Wed, 24 Nov 2027 00:00:00 GMT"

router = APIGatewayRouter()


@router.post(
    "/upload",
    tags=["legacy"],
    summary="Upload any file. For images, use /images/upload instead",
    deprecated=True,
    responses=responds(
        FileUploaded,
        *BODY_ERRORS,
        status=HTTPStatus.CREATED,
        headers=("Deprecation", "Sunset", "Link"),
    ),
    openapi_extensions=accepts_upload(FileCreate),
    middlewares=[idempotent],
)
def create_file(
    caller: CurrentCaller,
    file: Annotated[UploadedFile, Depends(read_file_upload)],
    claim: RequestClaim,
    storage: Storage,
    base_url: BaseUrl,
) -> Response[FileUploaded]:
    del caller  # it only has to be a valid one
    uploaded = FileUploaded(message="File uploaded successfully", file=upload_file(storage, file, claim))
    headers = {
        "Deprecation": DEPRECATED_SINCE,
        "Sunset": SUNSET,
        "Link": f'<{base_url}/images/upload>; rel="successor-version"',
    }
    return Response(HTTPStatus.CREATED, "application/json", uploaded, headers)
