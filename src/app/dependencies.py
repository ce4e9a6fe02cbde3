"""What routes ask for: clients and repositories made once, the caller and the base URL of each request."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Request

from app.auth import Caller, identify_caller
from app.conditions import check_if_match
from app.requests import get_query
from shared.aws import create_client
from shared.images import ImageRepository
from shared.items import ItemRepository
from shared.models import Image, Item
from shared.settings import Settings
from shared.storage import ImageStorage
from shared.table import Table

type WriteCheck = Callable[[Image | Item], None]


@cache
def get_settings() -> Settings:
    return Settings()


@cache
def get_images() -> ImageRepository:
    settings = get_settings()
    table = Table(create_client("dynamodb"), settings.images_table)
    return ImageRepository(table, public_shards=settings.public_shards)


@cache
def get_items() -> ItemRepository:
    return ItemRepository(Table(create_client("dynamodb"), get_settings().items_table))


@cache
def get_storage() -> ImageStorage:
    settings = get_settings()
    client = create_client("s3")
    signer = create_client("s3", settings.s3_public_url) if settings.s3_public_url else client
    return ImageStorage(client, settings.bucket, signer=signer)


def get_caller(request: Request) -> Caller:
    mode = get_settings().auth_mode
    if mode != "open":
        raise ValueError(f"AUTH_MODE {mode!r} is not known")
    return identify_caller(request.method, request.headers, get_query(request))


def get_base_url(request: Request) -> str:
    """The URL of this API as the client calls it, with the stage in it where there is one."""
    if public_url := get_settings().public_url:
        return public_url.rstrip("/")
    event = request.resolved_event
    scheme = request.headers.get("X-Forwarded-Proto", "https")
    host = request.headers.get("Host", "localhost")
    full_path: str = event["requestContext"].get("path", "")
    stage = full_path.removesuffix(event.path) if full_path.endswith(event.path) else ""
    return f"{scheme}://{host}{stage}"


def get_headers(request: Request) -> Mapping[str, str]:
    return request.headers


def get_write_check(
    caller: Annotated[Caller, Depends(get_caller)],
    headers: Annotated[Mapping[str, str], Depends(get_headers)],
) -> WriteCheck:
    """What every change has to pass: the caller's rights, then the request's `If-Match`."""

    def check(record: Image | Item) -> None:
        caller.check_change(record)
        check_if_match(headers, record)

    return check


Images = Annotated[ImageRepository, Depends(get_images)]
Items = Annotated[ItemRepository, Depends(get_items)]
Storage = Annotated[ImageStorage, Depends(get_storage)]
CurrentCaller = Annotated[Caller, Depends(get_caller)]
CheckWrite = Annotated[WriteCheck, Depends(get_write_check)]
BaseUrl = Annotated[str, Depends(get_base_url)]
