"""Legacy files: any file, stored as a download."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from app.access.policy import Action, authorize
from app.dependencies import BaseUrl, Files, Pages, RequestClaim, Storage, Usages
from app.files import describe_file, respond_with_upload, upload_file
from app.identity import OwnedDeleteGuard, OwnerId, OwningCaller, read_user_query
from app.metering import metered
from app.openapi import (
    BODY_ERRORS,
    CHANGE_ERRORS,
    READ_ERRORS,
    accepts_upload,
    responds,
    responds_with_page,
    takes_query,
)
from app.paging import paged
from app.repeats import idempotent, show_file
from app.requests.formats import UploadedFile, read_file_upload
from app.requests.inputs import FileCreate, FileForm, PageQuery
from app.responses.outputs import FileList, FilePublic, FileUploaded
from shared import errors
from shared.metrics import UploadPath

router = APIGatewayRouter()
upload_router = APIGatewayRouter()
"""The upload alone, which a parameter switches off. Files that exist stay within reach."""


@upload_router.post(
    "/upload",
    tags=["legacy"],
    operation_id="uploadFile",
    summary="Upload any file. For images, use /images/upload instead",
    deprecated=True,
    responses=responds(
        FileUploaded,
        *BODY_ERRORS,
        errors.Forbidden,
        errors.NotFound,
        status=HTTPStatus.CREATED,
        headers=("Deprecation", "Sunset", "Link"),
    ),
    openapi_extensions=accepts_upload(FileCreate, FileForm),
    middlewares=[idempotent(show_file, "file.id"), metered(UploadPath.LEGACY)],
)
def create_file(
    owner_id: OwnerId,
    uploaded: Annotated[UploadedFile, Depends(read_file_upload)],
    claim: RequestClaim,
    files: Files,
    usages: Usages,
    storage: Storage,
    base_url: BaseUrl,
) -> Response[FileUploaded]:
    file = upload_file(files, usages, storage, owner_id, uploaded, claim)
    return respond_with_upload(file, storage, base_url)


@router.get(
    "/files",
    tags=["legacy"],
    operation_id="listFiles",
    summary="List the caller's files",
    responses=responds_with_page(FileList, errors.Forbidden, errors.InvalidFields),
    openapi_extensions=takes_query(PageQuery),
    middlewares=[paged],
)
def list_files(
    owner_id: OwnerId,
    caller: OwningCaller,
    query: Annotated[PageQuery, Depends(read_user_query(PageQuery))],
    files: Files,
    storage: Storage,
    pages: Pages,
) -> FileList:
    caller.require_name(query.user_id)
    page = files.list_owned(query.user_id or owner_id, pages.get_span(query, caller), limit=query.limit)
    return FileList(
        files=[describe_file(file, storage) for file in page.records],
        next_cursor=pages.make_cursor(page.next_key, query, caller),
    )


@router.get(
    "/files/<file_id>",
    tags=["legacy"],
    operation_id="getFile",
    summary="Read a file's metadata, with a URL that downloads it for half an hour",
    responses=responds(FilePublic, *READ_ERRORS),
)
def get_file(file_id: str, caller: OwningCaller, files: Files, storage: Storage) -> FilePublic:
    file = files.get(file_id)
    authorize(Action.READ, caller, file)
    return describe_file(file, storage)


@router.delete(
    "/files/<file_id>",
    tags=["legacy"],
    operation_id="deleteFile",
    summary="Delete a file and its bytes (`recoveryDays` of GET /limits says when)",
    responses=responds(None, *CHANGE_ERRORS, status=HTTPStatus.NO_CONTENT),
)
def delete_file(file_id: str, files: Files, guard: OwnedDeleteGuard) -> Response[None]:
    files.delete(file_id, guard)
    return Response(HTTPStatus.NO_CONTENT)
