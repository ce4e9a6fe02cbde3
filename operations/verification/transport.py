"""Claims about the way to the API and to the bucket."""

from __future__ import annotations

import ssl
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from operations.verification.answers import require_status
from operations.verification.claims import Claim
from operations.verification.verdicts import require

if TYPE_CHECKING:
    from operations.verification.deployment import Deployment

OBSTACLE = "the embedded stack speaks plain HTTP"
PLAIN_TIMEOUT_SECONDS = 10


def show_no_plain_http(deployment: Deployment) -> str:
    health = str(deployment.api.base_url).rstrip("/") + "/health"
    require_status(deployment.web.get(health), HTTPStatus.OK)
    signed = deployment.sign(deployment.upload()["id"])
    require_status(deployment.web.get(signed), HTTPStatus.OK)
    return ", ".join(
        f"{name}: {_try_plain(deployment, url)}" for name, url in (("API", health), ("bucket", signed))
    )


def show_no_old_tls(deployment: Deployment) -> str:
    hosts = {
        "the API": str(deployment.api.base_url.host),
        "the bucket": str(urlsplit(deployment.sign(deployment.upload()["id"])).hostname),
    }
    for name, host in hosts.items():
        require(deployment.accepts_tls(host, ssl.TLSVersion.TLSv1_2), f"{name} refuses TLS 1.2")
        require(not deployment.accepts_tls(host, ssl.TLSVersion.TLSv1_1), f"{name} accepts TLS 1.1")
    return "TLS 1.2 accepted, TLS 1.1 refused"


def _try_plain(deployment: Deployment, url: str) -> str:
    """Ask over plain HTTP, and return how that is refused. Raises Refuted if it is not."""
    plain = urlsplit(url)._replace(scheme="http").geturl()
    try:
        response = deployment.web.get(plain, timeout=PLAIN_TIMEOUT_SECONDS)
    except httpx.ConnectError:
        return "no connection"
    except httpx.ConnectTimeout:
        return "no answer"
    require_status(response, HTTPStatus.FORBIDDEN, HTTPStatus.UPGRADE_REQUIRED)
    return str(response.status_code)


CLAIMS = (
    Claim(
        "no-plain-http",
        "Plain HTTP is refused, by the API and by the bucket, even with a valid signature.",
        show_no_plain_http,
        obstacle=OBSTACLE,
    ),
    Claim(
        "no-old-tls",
        "The API and the bucket accept TLS 1.2 and refuse TLS 1.1.",
        show_no_old_tls,
        obstacle=OBSTACLE,
    ),
)
