"""Dependencies: everything that routes ask for, made in one place."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Depends, Request, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

from app.access.auth import authenticate
from app.access.callers import WRITING_METHODS, Caller, act_as_named, identify_caller
from app.access.keys import KeyRing
from app.access.links import LinkSigner, Signature
from app.access.policy import Action, authorize
from app.access.signers import SigningRole
from app.pages import PageCursors
from app.requests.body import get_query
from app.requests.fields import IDEMPOTENCY_KEY_HEADER
from app.responses.conditions import require_match
from app.responses.views import ImageViews
from shared.aws import Credentials, Deadline, create_client
from shared.errors import Unauthenticated
from shared.images import ImageRepository
from shared.items import ItemRepository
from shared.models import Image, Item
from shared.quotas import Quota
from shared.settings import Settings
from shared.storage import ImageStorage
from shared.table import Table
from shared.usages import UsageRepository

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from app.access.tokens import TokenVerifier
    from app.idempotency import ResponseStore

type Guard = Callable[[Image | Item], None]
"""Lets a write pass, or raises."""
type Verify = Callable[[str], Caller]
"""Turns a token into its caller. Raises Unauthenticated."""
type MakeStore = Callable[[], ResponseStore]


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
    return ImageRepository(table, public_shards=settings.public_shards)


@cache
def get_usages() -> UsageRepository:
    return UsageRepository(Table(get_dynamodb(), get_settings().images_table), get_quota())


@cache
def get_items() -> ItemRepository:
    return ItemRepository(Table(get_dynamodb(), get_settings().items_table))


@cache
def get_storage() -> ImageStorage:
    settings = get_settings()
    client = create_client("s3", deadline=get_deadline())
    return ImageStorage(client, settings.bucket, get_signer=_make_get_signer(settings))


def _make_get_signer(settings: Settings) -> Callable[[int], "S3Client"]:
    """Make the function that returns the client whose signatures are valid for so many seconds."""

    def make_signer(credentials: Credentials | None = None) -> "S3Client":
        return create_client("s3", settings.s3_public_url, credentials=credentials)

    if settings.signer_role is None:
        signer = make_signer()
        return lambda _: signer
    return SigningRole(
        lambda: create_client("sts", deadline=get_deadline()), settings.signer_role, make_signer
    ).get


@cache
def get_keys() -> KeyRing:
    return KeyRing(
        lambda: create_client("secretsmanager", deadline=get_deadline()), get_settings().link_secret
    )


@cache
def make_verifier() -> "TokenVerifier":
    from app.access.tokens import KeySet, TokenVerifier, fetch_keys  # noqa: PLC0415 - only for a token

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
def make_response_store() -> "ResponseStore":
    from app.idempotency import ResponseStore  # noqa: PLC0415 - only for a key

    return ResponseStore(get_dynamodb(), get_settings().idempotency_table)


def get_verify() -> Verify:
    """The verifier is made when the first token comes."""
    return lambda token: make_verifier().verify(token)


def get_make_store() -> MakeStore:
    """The store is made when the first Idempotency-Key comes."""
    return make_response_store


def get_auth_mode() -> str:
    return get_settings().auth_mode


def get_headers(request: Request) -> Mapping[str, str]:
    return request.headers


def get_caller(
    request: Request,
    mode: Annotated[str, Depends(get_auth_mode)],
    verify: Annotated[Verify, Depends(get_verify)],
) -> Caller:
    """Raises Unauthenticated for a bad token, and for a write without a token."""
    match mode:
        case "open":
            return identify_caller(request.method, request.headers, get_query(request))
        case "jwt":
            caller = authenticate(request.headers, verify)
            if request.method not in WRITING_METHODS:
                return caller
            if caller.user_id is None:
                raise Unauthenticated
            return act_as_named(caller, get_query(request))
        case _:
            raise ValueError(f"AUTH_MODE {mode!r} is not known")


def get_signed_in_caller(
    caller: Annotated[Caller, Depends(get_caller)], mode: Annotated[str, Depends(get_auth_mode)]
) -> Caller:
    """Raises Unauthenticated for a caller without a name, if callers have tokens."""
    if mode == "jwt" and caller.user_id is None:
        raise Unauthenticated
    return caller


def idempotent(
    app: APIGatewayRestResolver,
    next_middleware: NextMiddleware,
    request: Request,
    caller: Annotated[Caller, Depends(get_caller)],
    make_store: Annotated[MakeStore, Depends(get_make_store)],
) -> Response[Any]:
    """Middleware of every POST route: a request with an Idempotency-Key happens once."""
    if IDEMPOTENCY_KEY_HEADER not in request.headers:
        return next_middleware(app)
    from app import idempotency  # noqa: PLC0415 - only for a key

    keyed = idempotency.KeyedRequest.read(request, caller)
    app.append_context(claim=keyed.claim)
    return idempotency.respond_once(keyed, make_store(), app.lambda_context, lambda: next_middleware(app))


def get_claim(request: Request) -> str | None:
    """The same name for all tries of a request with an Idempotency-Key."""
    claim: str | None = request.context.get("claim")
    return claim


def get_signature(request: Request) -> Signature | None:
    return Signature.read(get_query(request))


def get_base_url(request: Request) -> str:
    """The URL of this API as the client calls it, with the stage if there is one."""
    if public_url := get_settings().public_url:
        return public_url.rstrip("/")
    event = request.resolved_event
    scheme = request.headers.get("X-Forwarded-Proto", "https")
    host = request.headers.get("Host", "localhost")
    full_path: str = event["requestContext"].get("path", "")
    stage = full_path.removesuffix(event.path) if full_path.endswith(event.path) else ""
    return f"{scheme}://{host}{stage}"


def get_links(keys: Annotated[KeyRing, Depends(get_keys)]) -> LinkSigner:
    return LinkSigner(keys.get)


def get_pages(keys: Annotated[KeyRing, Depends(get_keys)]) -> PageCursors:
    return PageCursors(keys.get)


def get_views(
    links: Annotated[LinkSigner, Depends(get_links)], base_url: Annotated[str, Depends(get_base_url)]
) -> ImageViews:
    return ImageViews(links, base_url)


def make_guard(action: Action) -> Callable[[Caller, Mapping[str, str]], Guard]:
    """Make a dependency: the guard of a write checks the caller's rights, then the `If-Match`."""

    def get_guard(
        caller: Annotated[Caller, Depends(get_caller)],
        headers: Annotated[Mapping[str, str], Depends(get_headers)],
    ) -> Guard:
        def guard(record: Image | Item) -> None:
            authorize(action, caller, record)
            require_match(headers, record)

        return guard

    return get_guard


Images = Annotated[ImageRepository, Depends(get_images)]
Usages = Annotated[UsageRepository, Depends(get_usages)]
Items = Annotated[ItemRepository, Depends(get_items)]
Storage = Annotated[ImageStorage, Depends(get_storage)]
CurrentCaller = Annotated[Caller, Depends(get_caller)]
SignedInCaller = Annotated[Caller, Depends(get_signed_in_caller)]
UpdateGuard = Annotated[Guard, Depends(make_guard(Action.UPDATE))]
DeleteGuard = Annotated[Guard, Depends(make_guard(Action.DELETE))]
ReprocessGuard = Annotated[Guard, Depends(make_guard(Action.REPROCESS))]
LinkGuard = Annotated[Guard, Depends(make_guard(Action.LINK))]
Links = Annotated[LinkSigner, Depends(get_links)]
Pages = Annotated[PageCursors, Depends(get_pages)]
Views = Annotated[ImageViews, Depends(get_views)]
UrlSignature = Annotated[Signature | None, Depends(get_signature)]
RequestClaim = Annotated[str | None, Depends(get_claim)]
UserQuota = Annotated[Quota, Depends(get_quota)]
AuthMode = Annotated[str, Depends(get_auth_mode)]
BaseUrl = Annotated[str, Depends(get_base_url)]
