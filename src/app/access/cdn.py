"""The CDN in front of the API: it proves that a request came through it, and names the viewer."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from shared.errors import Forbidden

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ORIGIN_SECRET_HEADER = "X-Origin-Secret"  # noqa: S105 - a name
VIEWER_ADDRESS_HEADER = "X-Viewer-Address"
"""The function of the CDN sets it, whatever the viewer has sent."""


class CdnGate:
    """Lets nobody in who goes around the CDN, its cache and its web ACL."""

    def __init__(self, get_secrets: Callable[[], Sequence[bytes]]) -> None:
        self._get_secrets = get_secrets

    def require_passage(self, headers: Mapping[str, str]) -> None:
        """Raises Forbidden for a request that did not come through the CDN."""
        sent = headers.get(ORIGIN_SECRET_HEADER, "").encode(errors="replace")
        if not any(hmac.compare_digest(sent, secret) for secret in self._get_secrets()):
            raise Forbidden("The API takes requests through its CDN only. Use the address of the CDN.")
