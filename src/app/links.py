"""URLs of renditions: those that everyone may use, and those that a signature opens."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shared.models import Image, RenditionName

URL_LIFETIME = timedelta(hours=1)
"""How long the URLs in an answer open what not everyone may see, at least."""
URL_STEP = timedelta(minutes=30)
"""They change no more often, so that clients can keep answers and images."""


_EXPIRES = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Signature:
    """What a URL says of itself in its query."""

    expires: int
    value: str

    @classmethod
    def read(cls, query: Mapping[str, Sequence[str]]) -> Self | None:
        """None where there is none, or none that could be ours."""
        expires, value = (query.get(name, [""])[0] for name in ("expires", "signature"))
        if _EXPIRES.fullmatch(expires) and _SIGNATURE.fullmatch(value):
            return cls(int(expires), value)
        return None


class LinkSigner:
    """Signs the path of a rendition, until when it is good, and the image's generation of links."""

    def __init__(
        self, get_keys: Callable[[], Sequence[bytes]], *, clock: Callable[[], datetime] | None = None
    ) -> None:
        self._get_keys = get_keys
        self._clock = clock or (lambda: datetime.now(UTC))

    def make_url(self, base_url: str, image: Image, rendition: RenditionName) -> str:
        """The URL of a rendition, as whoever may see it can put it into a page."""
        if image.is_public:
            return base_url + make_path(image.id, rendition)
        return self.sign(base_url, image, rendition, self.find_end())

    def sign(self, base_url: str, image: Image, rendition: RenditionName, expires_at: datetime) -> str:
        """A URL that shows the rendition until then, whoever has it, unless the image's links are revoked."""
        path, expires = make_path(image.id, rendition), int(expires_at.timestamp())
        signature = _sign(self._get_keys()[0], path, expires, image.link_generation)
        return f"{base_url}{path}?expires={expires}&signature={signature}"

    def opens(self, image: Image, rendition: RenditionName, signature: Signature | None) -> bool:
        """Whether a signature is that of this rendition, and still good."""
        if signature is None or signature.expires <= self._clock().timestamp():
            return False
        path = make_path(image.id, rendition)
        return any(
            hmac.compare_digest(_sign(key, path, signature.expires, image.link_generation), signature.value)
            for key in self._get_keys()
        )

    def find_end(self) -> datetime:
        """When the URLs of an answer that is made now stop being good."""
        step = URL_STEP.total_seconds()
        end = (self._clock() + URL_LIFETIME).timestamp()
        return datetime.fromtimestamp(-(-end // step) * step, UTC)


def make_path(image_id: str, rendition: RenditionName) -> str:
    return f"/images/{image_id}/content/{rendition}"


def _sign(key: bytes, path: str, expires: int, generation: int) -> str:
    digest = hmac.digest(key, f"{path}\n{expires}\n{generation}".encode(), hashlib.sha256)
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
