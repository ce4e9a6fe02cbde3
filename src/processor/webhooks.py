"""Posts events of images to one address, as Standard Webhooks 1.0 says (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import urllib3

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    type BusEvent = Mapping[str, Any]
    """An event as EventBridge hands it on."""

SECRET_PREFIX = "whsec_"  # noqa: S105 - it tells secrets from other texts
MIN_SECRET_BYTES = 24
MAX_SECRET_BYTES = 64
CONNECT_TIMEOUT_SECONDS = 5
TIMEOUT_SECONDS = 15
LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}


class Outcome(StrEnum):
    """The result of a try."""

    DELIVERED = "delivered"
    FAILED = "failed"
    GONE = "gone"
    """The receiver wants no more."""


@dataclass(frozen=True)
class Reply:
    """The response of the receiver, which is not read further than its headers."""

    outcome: Outcome
    status: int | None = None
    """None: it did not respond."""
    retry_after_seconds: int = 0
    """The time for which it wants to be left alone."""


class InvalidSecret(Exception):
    """The secret is no secret of Standard Webhooks. The text does not say what it is."""


class InsecureUrl(Exception):
    """The address has no TLS and is not on this machine."""


@dataclass(frozen=True)
class Webhook:
    """A message for the receiver. A later try sends the same `id` and body."""

    id: str
    body: bytes

    @classmethod
    def of(cls, event: BusEvent) -> Webhook:
        """Raises KeyError for an event that is not of this service."""
        detail = event["detail"]
        content = {"type": event["detail-type"], "timestamp": detail["at"], "data": detail}
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        return cls(f"msg_{detail['id']}_{detail['version']}", body)

    def sign(self, keys: Sequence[bytes], timestamp: int) -> dict[str, str]:
        """Return the headers, with a signature by each key. Raises InvalidSecret."""
        signed = f"{self.id}.{timestamp}.".encode() + self.body
        signatures = (hmac.digest(parse_secret(key), signed, "sha256") for key in keys)
        return {
            "content-type": "application/json",
            "user-agent": "image-upload-service",
            "webhook-id": self.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(f"v1,{base64.b64encode(each).decode()}" for each in signatures),
        }


def parse_secret(text: bytes) -> bytes:
    """Return the key that a secret stands for. Raises InvalidSecret."""
    try:
        key = base64.b64decode(text.removeprefix(SECRET_PREFIX.encode()), validate=True)
    except binascii.Error:
        raise InvalidSecret from None
    if not MIN_SECRET_BYTES <= len(key) <= MAX_SECRET_BYTES:
        raise InvalidSecret
    return key


def post(url: str, headers: Mapping[str, str], body: bytes, *, now: float) -> Reply:
    """Post once, follow no redirect, and read no more than the headers of the response.

    Raises InsecureUrl.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and (parts.scheme, parts.hostname in LOCAL_HOSTS) != ("http", True):
        raise InsecureUrl
    timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT_SECONDS, total=TIMEOUT_SECONDS)
    try:
        with urllib3.PoolManager() as pool:
            response = pool.request(
                "POST",
                url,
                body=body,
                headers=dict(headers),
                timeout=timeout,
                retries=False,
                redirect=False,
                preload_content=False,
            )
            response.close()
    except (urllib3.exceptions.HTTPError, OSError):
        return Reply(Outcome.FAILED)
    return _read_reply(response.status, response.headers.get("retry-after"), now)


def _read_reply(status: int, retry_after: str | None, now: float) -> Reply:
    if HTTPStatus(200) <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Reply(Outcome.DELIVERED, status)
    if status == HTTPStatus.GONE:
        return Reply(Outcome.GONE, status)
    return Reply(Outcome.FAILED, status, _read_seconds(retry_after or "", now))


def _read_seconds(retry_after: str, now: float) -> int:
    """Read a number of seconds, or a date. 0 for anything else."""
    if retry_after.isascii() and retry_after.isdigit():
        return int(retry_after[:9])
    try:
        return max(0, round(parsedate_to_datetime(retry_after).timestamp() - now))
    except (ValueError, OverflowError):
        return 0
