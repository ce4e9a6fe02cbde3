"""The environment of a function. No other module reads it."""

import os
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property

from shared.quotas import Quota
from shared.rates import Rate
from shared.variants import VariantMode

DEFAULT_CDN_SECONDS = 60
DEFAULT_TRASH_DAYS = 30


class Settings:
    """The variables that the template sets. Each is read on first use: no function has all of them."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ

    @cached_property
    def metrics_namespace(self) -> str | None:
        """Namespace of the metrics in CloudWatch: the stack. None: there are no metrics."""
        return self._environ.get("METRICS_NAMESPACE") or None

    @cached_property
    def service_name(self) -> str:
        """Name of the function, in its logs and its metrics."""
        return self._environ.get("POWERTOOLS_SERVICE_NAME") or "service"

    @cached_property
    def images_table(self) -> str:
        return self._environ["IMAGES_TABLE"]

    @cached_property
    def items_table(self) -> str:
        return self._environ["ITEMS_TABLE"]

    @cached_property
    def idempotency_table(self) -> str:
        return self._environ["IDEMPOTENCY_TABLE"]

    @cached_property
    def bucket(self) -> str:
        return self._environ["BUCKET"]

    @cached_property
    def auth_mode(self) -> str:
        """The way to identify callers. It has no default: it must not be open by mistake."""
        return self._environ["AUTH_MODE"]

    @cached_property
    def oidc_issuer(self) -> str:
        return self._environ["OIDC_ISSUER"]

    @cached_property
    def oidc_audience(self) -> str:
        """The audience, or the client id, that tokens must name."""
        return self._environ["OIDC_AUDIENCE"]

    @cached_property
    def oidc_discovery_url(self) -> str | None:
        """URL of the issuer's discovery document. None: it is where the standard says."""
        return self._environ.get("OIDC_DISCOVERY_URL") or None

    @cached_property
    def oidc_client_id(self) -> str | None:
        """The client with which people sign in on the web page at an issuer of the operator's."""
        return self._environ.get("OIDC_CLIENT_ID") or None

    @cached_property
    def oidc_scopes(self) -> str:
        """Scopes that the web page asks the issuer for."""
        return self._environ.get("OIDC_SCOPES") or "openid"

    @cached_property
    def page_client_parameter(self) -> str | None:
        """Name of the parameter of Systems Manager that holds the web page's client of the user pool."""
        return self._environ.get("PAGE_CLIENT_PARAMETER") or None

    @cached_property
    def user_claim(self) -> str:
        """The claim of a token that names the user."""
        return self._environ.get("USER_CLAIM") or "sub"

    @cached_property
    def admin_group(self) -> str:
        return self._environ.get("ADMIN_GROUP") or "admin"

    @cached_property
    def accepts_id_tokens(self) -> bool:
        """ID tokens count as access tokens."""
        return self._environ.get("ID_TOKENS") == "accepted"

    @cached_property
    def link_secret(self) -> str:
        """Name or ARN of the secret that signs links and cursors."""
        return self._environ["LINK_SECRET"]

    @cached_property
    def public_shards(self) -> int:
        """Number of partitions of the public listing. It may grow later, never shrink."""
        return int(self._environ.get("PUBLIC_SHARDS") or 1)

    @cached_property
    def quota(self) -> Quota:
        """The most that a user may have."""
        return Quota(
            max_images=self._get_bound("MAX_USER_IMAGES"),
            max_bytes=self._get_bound("MAX_USER_BYTES"),
            max_files=self._get_bound("MAX_USER_FILES"),
            max_items=self._get_bound("MAX_USER_ITEMS"),
            max_pending_uploads=self._get_bound("MAX_PENDING_UPLOADS"),
            max_pending_bytes=self._get_bound("MAX_PENDING_BYTES"),
        )

    @cached_property
    def rate(self) -> Rate:
        """The rate at which a user may write."""
        return Rate(
            self._get_bound("USER_WRITES_PER_MINUTE"), int(self._environ.get("USER_WRITE_BURST") or 1)
        )

    @cached_property
    def trash_lifetime(self) -> timedelta:
        """The time after which an image in the trash ends."""
        return timedelta(days=int(self._environ.get("TRASH_DAYS") or DEFAULT_TRASH_DAYS))

    @cached_property
    def recovery_days(self) -> int:
        """The days for which the bucket keeps what was deleted. 0: it keeps nothing."""
        return int(self._environ.get("RECOVERY_DAYS") or 0)

    @cached_property
    def legacy_upload(self) -> bool:
        """`POST /upload` takes files."""
        return self._environ.get("LEGACY_UPLOAD") != "disabled"

    @cached_property
    def variants(self) -> str:
        """The name of the mode that tells who may ask for variants of an image."""
        return self._environ.get("VARIANTS") or VariantMode.ENABLED

    @cached_property
    def allowed_origins(self) -> list[str]:
        """Origins whose pages may call the API."""
        return (self._environ.get("ALLOWED_ORIGINS") or "*").split(",")

    @cached_property
    def memory_bytes(self) -> int:
        """Memory of the function, as Lambda sets it."""
        return int(self._environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) * 2**20

    @cached_property
    def signer_role(self) -> str | None:
        """ARN of the role that signs URLs and forms. None: the function's own role signs them."""
        return self._environ.get("SIGNER_ROLE") or None

    @cached_property
    def failure_queue(self) -> str:
        """URL of the queue of events that could not be handled."""
        return self._environ["FAILURE_QUEUE"]

    @cached_property
    def reports_batch_failures(self) -> bool:
        """Lambda lets a function name the records of a batch that have failed."""
        return bool(self._environ.get("REPORTS_BATCH_FAILURES"))

    @cached_property
    def public_url(self) -> str | None:
        """Base URL of the API as clients see it. None: API Gateway tells it with each request."""
        return self._environ.get("PUBLIC_URL") or None

    @cached_property
    def cdn_seconds(self) -> int:
        """The time for which shared caches may keep a picture that everyone may see."""
        return int(self._environ.get("CDN_SECONDS") or DEFAULT_CDN_SECONDS)

    @cached_property
    def origin_secret(self) -> str | None:
        """ARN of the secret that the CDN sends with each request. None: there is no CDN."""
        return self._environ.get("ORIGIN_SECRET") or None

    @cached_property
    def cdn_url_parameter(self) -> str | None:
        """Name of the parameter of Systems Manager that holds the base URL of the CDN."""
        return self._environ.get("CDN_URL_PARAMETER") or None

    @cached_property
    def invalidation_queue(self) -> str | None:
        """URL of the queue of images that the CDN has to forget. None: it keeps them until they expire."""
        return self._environ.get("INVALIDATION_QUEUE") or None

    @cached_property
    def event_bus(self) -> str | None:
        """Name of the bus for events of images. None: nobody is told."""
        return self._environ.get("EVENT_BUS") or None

    @cached_property
    def stack_id(self) -> str:
        """ARN of the stack. Its events name it."""
        return self._environ["STACK_ID"]

    @cached_property
    def webhook_url(self) -> str:
        """The address that events of images are posted to."""
        return self._environ["WEBHOOK_URL"]

    @cached_property
    def webhook_secret(self) -> str:
        """ARN of the secret that signs webhooks."""
        return self._environ["WEBHOOK_SECRET"]

    @cached_property
    def webhook_queue(self) -> str:
        """URL of the queue of events that are posted to that address."""
        return self._environ["WEBHOOK_QUEUE"]

    @cached_property
    def distribution_id(self) -> str:
        return self._environ["DISTRIBUTION_ID"]

    @cached_property
    def cdn_invalidation_paths(self) -> int:
        """The most images that one invalidation removes one by one."""
        return int(self._environ["CDN_INVALIDATION_PATHS"])

    @cached_property
    def has_docs(self) -> bool:
        """`GET /docs` shows a page."""
        return self._environ.get("API_DOCS") != "disabled"

    @cached_property
    def has_web_page(self) -> bool:
        """`GET /` shows people a page."""
        return self._environ.get("WEB_PAGE") != "disabled"

    @cached_property
    def s3_public_url(self) -> str | None:
        """The S3 endpoint as clients reach it. None: the one that the functions use."""
        return self._environ.get("S3_PUBLIC_URL") or None

    def _get_bound(self, name: str) -> int | None:
        """Read a number. 0 stands for no bound."""
        return int(self._environ.get(name) or 0) or None
