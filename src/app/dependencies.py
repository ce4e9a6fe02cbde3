"""What routes ask for: clients and repositories made once, the caller and the base URL of each request."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Annotated

from aws_lambda_powertools.event_handler import Depends, Request

from app import policy
from app.auth import WRITING_METHODS, Caller, act_as_named, authenticate, identify_caller
from app.conditions import check_if_match
from app.keys import KeyRing
from app.links import LinkSigner, Signature
from app.pages import PageCursors
from app.policy import Action
from app.requests import get_query
from app.views import ImageViews
from shared.aws import Deadline, create_client
from shared.errors import Unauthenticated
from shared.images import ImageRepository
from shared.items import ItemRepository
from shared.models import Image, Item
from shared.quotas import Quota
from shared.settings import Settings
from shared.storage import ImageStorage
from shared.table import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from app.idempotency import RequestRecords
    from app.tokens import TokenVerifier

type WriteCheck = Callable[[Image | Item], None]


@cache
def get_settings() -> Settings:
    return Settings()


@cache
def get_deadline() -> Deadline:
    return Deadline()


@cache
def get_dynamodb() -> "DynamoDBClient":
    return create_client("dynamodb", deadline=get_deadline())


@cache
def get_quota() -> Quota:
    settings = get_settings()
    return Quota(settings.max_user_images, settings.max_user_bytes)


@cache
def get_images() -> ImageRepository:
    settings = get_settings()
    table = Table(get_dynamodb(), settings.images_table)
    return ImageRepository(table, public_shards=settings.public_shards, quota=get_quota())


@cache
def get_items() -> ItemRepository:
    return ItemRepository(Table(get_dynamodb(), get_settings().items_table))


@cache
def get_request_records() -> "RequestRecords":
    from app.idempotency import RequestRecords  # noqa: PLC0415 - only when a key comes

    return RequestRecords(get_dynamodb(), get_settings().idempotency_table)


@cache
def get_storage() -> ImageStorage:
    settings = get_settings()
    client = create_client("s3", deadline=get_deadline())
    signer = create_client("s3", settings.s3_public_url) if settings.s3_public_url else client
    return ImageStorage(client, settings.bucket, signer=signer)


@cache
def get_verifier() -> "TokenVerifier":
    from app.tokens import KeySet, TokenVerifier, fetch_keys  # noqa: PLC0415 - only when a token comes

    settings = get_settings()
    keys = KeySet(lambda: fetch_keys(settings.oidc_issuer, settings.oidc_keys_url))
    return TokenVerifier(
        keys,
        issuer=settings.oidc_issuer,
        audience=settings.oidc_audience,
        user_claim=settings.user_claim,
        admin_group=settings.admin_group,
    )


@cache
def get_keys() -> KeyRing:
    return KeyRing(
        lambda: create_client("secretsmanager", deadline=get_deadline()), get_settings().link_secret
    )


def get_links(keys: Annotated[KeyRing, Depends(get_keys)]) -> LinkSigner:
    return LinkSigner(keys.get)


def get_caller(request: Request) -> Caller:
    """Raises Unauthenticated for a bad token, and for a write without any."""
    match get_settings().auth_mode:
        case "open":
            return identify_caller(request.method, request.headers, get_query(request))
        case "jwt":
            caller = authenticate(request.headers, get_verifier)
            if request.method not in WRITING_METHODS:
                return caller
            if caller.user_id is None:
                raise Unauthenticated
            return act_as_named(caller, get_query(request))
        case mode:
            raise ValueError(f"AUTH_MODE {mode!r} is not known")


def get_claim(request: Request) -> str | None:
    """What all tries of a request with an Idempotency-Key have in common."""
    claim: str | None = request.context.get("claim")
    return claim


def get_auth_mode() -> str:
    return get_settings().auth_mode


def get_signed_in_caller(caller: Annotated[Caller, Depends(get_caller)]) -> Caller:
    """Raises Unauthenticated for nobody, where callers have tokens."""
    if get_settings().auth_mode == "jwt" and caller.user_id is None:
        raise Unauthenticated
    return caller


def get_signature(request: Request) -> Signature | None:
    return Signature.read(get_query(request))


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


def get_pages(keys: Annotated[KeyRing, Depends(get_keys)]) -> PageCursors:
    return PageCursors(keys.get)


def get_views(
    links: Annotated[LinkSigner, Depends(get_links)], base_url: Annotated[str, Depends(get_base_url)]
) -> ImageViews:
    return ImageViews(links, base_url)


def get_headers(request: Request) -> Mapping[str, str]:
    return request.headers


def make_write_check(action: Action) -> Callable[[Caller, Mapping[str, str]], WriteCheck]:
    """Make a dependency: what such a change has to pass, the caller's rights, then the `If-Match`."""

    def get_write_check(
        caller: Annotated[Caller, Depends(get_caller)],
        headers: Annotated[Mapping[str, str], Depends(get_headers)],
    ) -> WriteCheck:
        def check(record: Image | Item) -> None:
            policy.check(action, caller, record)
            check_if_match(headers, record)

        return check

    return get_write_check


Images = Annotated[ImageRepository, Depends(get_images)]
Items = Annotated[ItemRepository, Depends(get_items)]
Storage = Annotated[ImageStorage, Depends(get_storage)]
CurrentCaller = Annotated[Caller, Depends(get_caller)]
SignedInCaller = Annotated[Caller, Depends(get_signed_in_caller)]
CheckUpdate = Annotated[WriteCheck, Depends(make_write_check(Action.UPDATE))]
CheckDelete = Annotated[WriteCheck, Depends(make_write_check(Action.DELETE))]
CheckReprocess = Annotated[WriteCheck, Depends(make_write_check(Action.REPROCESS))]
CheckLink = Annotated[WriteCheck, Depends(make_write_check(Action.LINK))]
Links = Annotated[LinkSigner, Depends(get_links)]
Pages = Annotated[PageCursors, Depends(get_pages)]
Views = Annotated[ImageViews, Depends(get_views)]
UrlSignature = Annotated[Signature | None, Depends(get_signature)]
RequestClaim = Annotated[str | None, Depends(get_claim)]
UserQuota = Annotated[Quota, Depends(get_quota)]
AuthMode = Annotated[str, Depends(get_auth_mode)]
BaseUrl = Annotated[str, Depends(get_base_url)]
