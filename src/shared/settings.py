"""The environment of a function, read here and nowhere else."""

import os
from collections.abc import Mapping


class Settings:
    """What the template tells a function. A variable is read when it is asked for: no function has all."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ

    @property
    def images_table(self) -> str:
        return self._environ["IMAGES_TABLE"]

    @property
    def items_table(self) -> str:
        return self._environ["ITEMS_TABLE"]

    @property
    def idempotency_table(self) -> str:
        return self._environ["IDEMPOTENCY_TABLE"]

    @property
    def bucket(self) -> str:
        return self._environ["BUCKET"]

    @property
    def auth_mode(self) -> str:
        """How callers are identified. There is no default: it must not be open by mistake."""
        return self._environ["AUTH_MODE"]

    @property
    def oidc_issuer(self) -> str:
        return self._environ["OIDC_ISSUER"]

    @property
    def oidc_audience(self) -> str:
        """The audience, or the client, that tokens have to name."""
        return self._environ["OIDC_AUDIENCE"]

    @property
    def oidc_keys_url(self) -> str | None:
        """Where the issuer's keys are, if not where it says itself."""
        return self._environ.get("OIDC_KEYS_URL") or None

    @property
    def user_claim(self) -> str:
        """The claim of a token that names the user."""
        return self._environ.get("USER_CLAIM") or "sub"

    @property
    def admin_group(self) -> str:
        return self._environ.get("ADMIN_GROUP") or "admin"

    @property
    def link_secret(self) -> str:
        """Name or ARN of the secret that signs links and cursors."""
        return self._environ["LINK_SECRET"]

    @property
    def public_shards(self) -> int:
        """Over how many partitions the public listing is spread. May grow later, never shrink."""
        return int(self._environ.get("PUBLIC_SHARDS") or 1)

    @property
    def max_user_images(self) -> int | None:
        """How many images a user may have; None for any number."""
        return int(self._environ.get("MAX_USER_IMAGES") or 0) or None

    @property
    def max_user_bytes(self) -> int | None:
        """How many bytes a user's originals may have together; None for any number."""
        return int(self._environ.get("MAX_USER_BYTES") or 0) or None

    @property
    def allowed_origins(self) -> list[str]:
        """Origins whose pages may call the API."""
        return (self._environ.get("ALLOWED_ORIGINS") or "*").split(",")

    @property
    def memory_bytes(self) -> int:
        """What Lambda lets the function use."""
        return int(self._environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) * 2**20

    @property
    def public_url(self) -> str | None:
        """Base of the API's own URLs, where a proxy in front hides what clients call it."""
        return self._environ.get("PUBLIC_URL") or None

    @property
    def s3_public_url(self) -> str | None:
        """The S3 endpoint as clients reach it, where that is not AWS's own."""
        return self._environ.get("S3_PUBLIC_URL") or None
