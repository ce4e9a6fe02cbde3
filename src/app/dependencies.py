"""Dependencies: the stores, keys and views that routes ask for, made in one place."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Annotated

from aws_lambda_powertools.event_handler import Depends, Request
from botocore.exceptions import ClientError

from app.access.callers import Caller
from app.access.cdn import CdnGate
from app.access.issuers import fetch_keys
from app.access.links import LinkSigner
from app.access.signers import SigningRole
from app.delivery import Delivery
from app.pages import PageCursors
from app.parameters import get_settings, get_variant_mode
from app.responses.formats import is_for_people
from app.responses.views import ImageViews
from app.variants import MakeVariant, VariantDecoder, VariantMaker
from shared.aws import Credentials, Deadline, create_client, translate_errors
from shared.erasures import ErasureRepository
from shared.files import FileRepository
from shared.images import ImageRepository
from shared.items import ItemRepository
from shared.keyring import KeyRing
from shared.metrics import Metrics
from shared.settings import Settings
from shared.storage import ImageStorage
from shared.table import Table
from shared.tag_counts import TagRepository
from shared.tombstones import TombstoneStorage
from shared.usages import UsageRepository
from shared.variants import VariantMode

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sts import STSClient

    from app.access.tokens import TokenVerifier
    from app.idempotency import OutcomeStore

type Verify = Callable[[str], Caller]
"""Turns a token into its caller. Raises Unauthenticated."""
type MakeStore = Callable[[], OutcomeStore]


@cache
def get_deadline() -> Deadline:
    return Deadline()


@cache
def get_metrics() -> Metrics:
    return Metrics(get_settings().metrics_namespace, get_settings().service_name)


@cache
def get_dynamodb() -> "DynamoDBClient":
    return create_client("dynamodb", deadline=get_deadline(), metrics=get_metrics())


@cache
def get_images() -> ImageRepository:
    table = Table(get_dynamodb(), get_settings().images_table)
    return ImageRepository(table, public_shards=get_settings().public_shards)


@cache
def get_tags() -> TagRepository:
    return TagRepository(Table(get_dynamodb(), get_settings().images_table))


@cache
def get_usages() -> UsageRepository:
    settings = get_settings()
    return UsageRepository(Table(get_dynamodb(), settings.images_table), settings.quota, settings.rate)


@cache
def get_erasures() -> ErasureRepository:
    return ErasureRepository(Table(get_dynamodb(), get_settings().images_table))


@cache
def get_tombstones() -> TombstoneStorage:
    return TombstoneStorage(_create_s3(), get_settings().bucket)


@cache
def get_files() -> FileRepository:
    return FileRepository(Table(get_dynamodb(), get_settings().images_table))


@cache
def get_items() -> ItemRepository:
    return ItemRepository(Table(get_dynamodb(), get_settings().items_table))


@cache
def get_storage() -> ImageStorage:
    return ImageStorage(_create_s3(), get_settings().bucket, get_signer=_make_get_signer(get_settings()))


def _create_s3() -> "S3Client":
    return create_client("s3", deadline=get_deadline(), metrics=get_metrics())


def _make_get_signer(settings: Settings) -> Callable[[int], "S3Client"]:
    """Make the function that returns the client whose signatures are valid for so many seconds."""

    def make_signer(credentials: Credentials | None = None) -> "S3Client":
        return create_client("s3", settings.s3_public_url, credentials=credentials)

    if settings.signer_role is None:
        signer = make_signer()
        return lambda _: signer

    def create_sts() -> "STSClient":
        return create_client("sts", deadline=get_deadline(), metrics=get_metrics())

    return SigningRole(create_sts, settings.signer_role, make_signer).get


@cache
def get_keys() -> KeyRing:
    return KeyRing(_create_secrets, get_settings().link_secret)


def _create_secrets() -> "SecretsManagerClient":
    return create_client("secretsmanager", deadline=get_deadline(), metrics=get_metrics())


@cache
def get_cdn_gate() -> CdnGate | None:
    if (secret := get_settings().origin_secret) is None:
        return None
    return CdnGate(KeyRing(_create_secrets, secret, purpose="CDN").get)


@cache
def read_parameter(name: str) -> str:
    """Read what depends on the API. So no variable of the function can hold it."""
    with translate_errors():
        client = create_client("ssm", deadline=get_deadline(), metrics=get_metrics())
        output = client.get_parameter(Name=name)
    return output["Parameter"]["Value"]


def find_page_client() -> str | None:
    """The client of the user pool with which people sign in on the web page.

    None: there is none, or the stack has not made it yet. It makes this function first.
    """
    parameter = get_settings().page_client_parameter
    try:
        return read_parameter(parameter) if parameter else None
    except ClientError as error:
        if error.response["Error"]["Code"] == "ParameterNotFound":
            return None
        raise


@cache
def make_verifier() -> "TokenVerifier":
    from app.access.tokens import KeySet, TokenVerifier  # noqa: PLC0415 - only for a token

    settings = get_settings()
    keys = KeySet(lambda: fetch_keys(settings.oidc_issuer, settings.oidc_discovery_url))
    return TokenVerifier(
        keys,
        issuer=settings.oidc_issuer,
        audience=settings.oidc_audience,
        user_claim=settings.user_claim,
        admin_group=settings.admin_group,
        accepts_id_tokens=settings.accepts_id_tokens,
        find_page_client=find_page_client,
    )


@cache
def make_outcome_store() -> "OutcomeStore":
    from app.idempotency import OutcomeStore  # noqa: PLC0415 - only for a key

    return OutcomeStore(get_dynamodb(), get_settings().idempotency_table)


@cache
def get_make_variant() -> MakeVariant:
    return VariantDecoder(get_deadline(), get_metrics()).make


def get_verify() -> Verify:
    """The verifier is made when the first token comes."""
    return lambda token: make_verifier().verify(token)


def get_make_store() -> MakeStore:
    """The store is made when the first Idempotency-Key comes."""
    return make_outcome_store


def get_claim(request: Request) -> str | None:
    """The same name for all tries of a request with an Idempotency-Key."""
    claim: str | None = request.context.get("claim")
    return claim


def get_base_url(request: Request) -> str:
    """The URL of this API as the stack or API Gateway tells it, with the stage. No client can change it."""
    settings = get_settings()
    if public_url := settings.public_url:
        return public_url.rstrip("/")
    if parameter := settings.cdn_url_parameter:
        return read_parameter(parameter)
    event = request.resolved_event
    context = event["requestContext"]
    full_path: str = context["path"]
    stage = full_path.removesuffix(event.path) if full_path.endswith(event.path) else ""
    return f"https://{context['domainName']}{stage}"


def get_links(keys: Annotated[KeyRing, Depends(get_keys)]) -> LinkSigner:
    return LinkSigner(keys.get)


def get_pages(keys: Annotated[KeyRing, Depends(get_keys)]) -> PageCursors:
    return PageCursors(keys.get)


def get_variants(
    images: Annotated[ImageRepository, Depends(get_images)],
    storage: Annotated[ImageStorage, Depends(get_storage)],
    make: Annotated[MakeVariant, Depends(get_make_variant)],
    metrics: Annotated[Metrics, Depends(get_metrics)],
) -> VariantMaker:
    return VariantMaker(images, storage, make, metrics)


def get_views(
    request: Request,
    links: Annotated[LinkSigner, Depends(get_links)],
    base_url: Annotated[str, Depends(get_base_url)],
) -> ImageViews:
    return ImageViews(links, base_url, is_for_people(request.method, request.headers.get("Accept")))


def get_delivery(
    request: Request,
    variants: Annotated[VariantMaker, Depends(get_variants)],
    storage: Annotated[ImageStorage, Depends(get_storage)],
    mode: Annotated[VariantMode, Depends(get_variant_mode)],
) -> Delivery:
    return Delivery(variants, storage, request.headers, get_settings().cdn_seconds, mode)


Images = Annotated[ImageRepository, Depends(get_images)]
Tags = Annotated[TagRepository, Depends(get_tags)]
Usages = Annotated[UsageRepository, Depends(get_usages)]
Erasures = Annotated[ErasureRepository, Depends(get_erasures)]
Tombstones = Annotated[TombstoneStorage, Depends(get_tombstones)]
Files = Annotated[FileRepository, Depends(get_files)]
Items = Annotated[ItemRepository, Depends(get_items)]
Storage = Annotated[ImageStorage, Depends(get_storage)]
Links = Annotated[LinkSigner, Depends(get_links)]
Pages = Annotated[PageCursors, Depends(get_pages)]
Variants = Annotated[VariantMaker, Depends(get_variants)]
Views = Annotated[ImageViews, Depends(get_views)]
ContentDelivery = Annotated[Delivery, Depends(get_delivery)]
RequestClaim = Annotated[str | None, Depends(get_claim)]
InvocationDeadline = Annotated[Deadline, Depends(get_deadline)]
CollectedMetrics = Annotated[Metrics, Depends(get_metrics)]
BaseUrl = Annotated[str, Depends(get_base_url)]
