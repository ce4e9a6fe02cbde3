"""URLs of the bytes of images: plain ones for everyone, and signed ones for what not everyone may see."""

from __future__ import annotations

import hashlib
import hmac
import re
import zlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self
from urllib.parse import urlencode

from shared.bases import format_timestamp
from shared.limits import MAX_LINK_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shared.models import Image
    from shared.renditions import RenditionName

ORIGINAL = "original"
"""The name that stands for the original in the place of a rendition's."""
URL_LIFETIME = timedelta(hours=1)
"""How long the signed URLs in a response stay valid, at least."""
URL_STEP = timedelta(hours=1)
"""They change no more often, so that clients can keep responses and images."""

REVISION_PARAMETER = "v"

_EXPIRES = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Signature:
    """The part of a URL's query that makes it a link."""

    expires: int
    value: str

    @classmethod
    def parse(cls, expires: str, value: str) -> Self | None:
        """Return None for what cannot be one of ours."""
        if _EXPIRES.fullmatch(expires) and _SIGNATURE.fullmatch(value):
            return cls(int(expires), value)
        return None


@dataclass(frozen=True)
class Target:
    """Some bytes of an image that a URL leads to. A signature covers all of it."""

    image_id: str
    name: str = ""
    """Of a rendition, or `original`. Without a name the parameters say what it is."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """The query, without the signature."""

    @property
    def path(self) -> str:
        return "/".join(filter(None, ("/images", self.image_id, "content", self.name)))

    @property
    def query(self) -> str:
        return urlencode(sorted(self.parameters.items()))

    def __str__(self) -> str:
        return "?".join(filter(None, (self.path, self.query)))


@dataclass(frozen=True)
class LinkSigner:
    """Signs a target, the time when the link ends, and the link generation of the image.

    Of an image in the trash, it also signs since when the image is there.
    """

    get_keys: Callable[[], Sequence[bytes]]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def make_url(self, base_url: str, image: Image, rendition: RenditionName) -> str:
        """Return a URL of a rendition that works as it stands in the page of anyone who may see it.

        It names the revision, so that caches can keep what it leads to.
        """
        target = Target(image.id, rendition, {REVISION_PARAMETER: str(image.revision)})
        if image.is_public:
            return f"{base_url}{target}"
        return self.sign(base_url, image, target, self.get_url_expiry(image.id))

    def sign(self, base_url: str, image: Image, target: Target, expires_at: datetime) -> str:
        """Return a URL that opens a target for anyone until it ends or the image's links are revoked."""
        expires = int(expires_at.timestamp())
        signature = _sign(self.get_keys()[0], target, expires, image)
        joint = "&" if target.parameters else "?"
        return f"{base_url}{target}{joint}expires={expires}&signature={signature}"

    def get_lifetime(self, image: Image, target: Target, signature: Signature | None) -> int | None:
        """Return the seconds for which a signature still opens a target. None: it opens nothing.

        A stolen key makes no link for ever.
        """
        if signature is None:
            return None
        seconds = signature.expires - self.clock().timestamp()
        if not 0 < seconds <= MAX_LINK_SECONDS:
            return None
        is_ours = any(
            hmac.compare_digest(_sign(key, target, signature.expires, image), signature.value)
            for key in self.get_keys()
        )
        return int(seconds) if is_ours else None

    def get_url_expiry(self, image_id: str) -> datetime:
        """Return when the signed URLs of a response that is made now end.

        The URLs of each image change at another moment of the hour, so that not all are loaded anew at once.
        """
        step = URL_STEP.total_seconds()
        offset = zlib.crc32(image_id.encode()) % step
        end = (self.clock() + URL_LIFETIME).timestamp() - offset
        return datetime.fromtimestamp(-(-end // step) * step + offset, UTC)


def _sign(key: bytes, target: Target, expires: int, image: Image) -> str:
    text = f"{target}\n{expires}\n{image.link_generation}"
    if image.trash:
        # What was signed before opens nothing now. What its owner is shown in the trash opens nothing later.
        text += f"\n{format_timestamp(image.trash.at)}"
    digest = hmac.digest(key, text.encode(), hashlib.sha256)
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
