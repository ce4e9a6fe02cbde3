"""URLs of renditions: plain ones for everyone, and signed ones for images that not everyone may see."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self

from app.limits import MAX_LINK_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shared.models import Image
    from shared.renditions import RenditionName

URL_LIFETIME = timedelta(hours=1)
"""How long the signed URLs in a response stay valid, at least."""
URL_STEP = timedelta(minutes=30)
"""They change no more often, so that clients can cache responses and images."""

_EXPIRES = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Signature:
    """The part of a URL's query that makes it a link."""

    expires: int
    value: str

    @classmethod
    def read(cls, query: Mapping[str, Sequence[str]]) -> Self | None:
        """Return None if there is none, or if it cannot be one of ours."""
        expires, value = (query.get(name, [""])[0] for name in ("expires", "signature"))
        if _EXPIRES.fullmatch(expires) and _SIGNATURE.fullmatch(value):
            return cls(int(expires), value)
        return None


@dataclass(frozen=True)
class LinkSigner:
    """Signs the path of a rendition, the time when the link ends, and the link generation of the image."""

    get_keys: Callable[[], Sequence[bytes]]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def make_url(self, base_url: str, image: Image, rendition: RenditionName) -> str:
        """Return a URL of a rendition that works as it stands in the page of anyone who may see it."""
        if image.is_public:
            return base_url + make_path(image.id, rendition)
        return self.sign(base_url, image, rendition, self.get_url_expiry())

    def sign(self, base_url: str, image: Image, rendition: RenditionName, expires_at: datetime) -> str:
        """Return a URL that shows a rendition to anyone until it ends or the image's links are revoked."""
        path, expires = make_path(image.id, rendition), int(expires_at.timestamp())
        signature = _sign(self.get_keys()[0], path, expires, image.link_generation)
        return f"{base_url}{path}?expires={expires}&signature={signature}"

    def opens(self, image: Image, rendition: RenditionName, signature: Signature | None) -> bool:
        """Tell if a signature is valid for this rendition now. A stolen key makes no link for ever."""
        if signature is None or not 0 < signature.expires - self.clock().timestamp() <= MAX_LINK_SECONDS:
            return False
        path = make_path(image.id, rendition)
        return any(
            hmac.compare_digest(_sign(key, path, signature.expires, image.link_generation), signature.value)
            for key in self.get_keys()
        )

    def get_url_expiry(self) -> datetime:
        """Return when the signed URLs of a response that is made now end."""
        step = URL_STEP.total_seconds()
        end = (self.clock() + URL_LIFETIME).timestamp()
        return datetime.fromtimestamp(-(-end // step) * step, UTC)


def make_path(image_id: str, rendition: RenditionName) -> str:
    return f"/images/{image_id}/content/{rendition}"


def _sign(key: bytes, path: str, expires: int, generation: int) -> str:
    digest = hmac.digest(key, f"{path}\n{expires}\n{generation}".encode(), hashlib.sha256)
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
