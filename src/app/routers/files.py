"""The legacy upload: any one file, given back as a download."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from app.dependencies import BaseUrl, CurrentCaller, RequestClaim, Storage
from app.formats import UploadedFile, read_file_upload
from app.inputs import FileCreate
from app.openapi import BODY_ERRORS, accepts_upload, answers
from app.schemas import FileUploaded
from app.uploads import upload_file

DEPRECATED_SINCE = "@1795478400"  # 2026-11-24, as RFC 9745 writes it
SUNSET = "Wed, 24 Nov 2027 00:00:00 GMT"

router = APIGatewayRouter()


@router.post(
    "/upload",
    tags=["legacy"],
    summary="Upload any file; images are better off at /images/upload",
    deprecated=True,
    responses=answers(
        FileUploaded,
        *BODY_ERRORS,
        status=HTTPStatus.CREATED,
        headers=("Deprecation", "Sunset", "Link"),
    ),
    openapi_extensions=accepts_upload(FileCreate),
)
def create_file(
    caller: CurrentCaller,
    file: Annotated[UploadedFile, Depends(read_file_upload)],
    claim: RequestClaim,
    storage: Storage,
    base_url: BaseUrl,
) -> Response[FileUploaded]:
    del caller  # anyone, but not nobody where callers have tokens
    body = FileUploaded(message="File uploaded successfully", file=upload_file(storage, file, claim))
    headers = {
        "Deprecation": DEPRECATED_SINCE,
        "Sunset": SUNSET,
        "Link": f'<{base_url}/images/upload>; rel="successor-version"',
    }
    return Response(HTTPStatus.CREATED, "application/json", body, headers)
