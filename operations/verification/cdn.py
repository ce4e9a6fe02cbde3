"""Claims about the CDN in front of the API."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from operations.verification.answers import require_problem, require_status
from operations.verification.claims import Claim
from operations.verification.verdicts import Skipped, require, require_equal

if TYPE_CHECKING:
    from operations.verification.deployment import Deployment

OBSTACLE = "the emulated CloudFront keeps nothing"
RENDITION = "small"
HIT_SECONDS = 15
"""An edge location has several caches, so the second request may miss, too."""
PRIVATE_REQUESTS = 5
REMOVAL_SECONDS = 300


def _require_cdn(deployment: Deployment) -> None:
    if deployment.parameters.get("Cdn") != "enabled":
        raise Skipped("Cdn is disabled")


def _is_hit(deployment: Deployment, url: str) -> bool:
    response = require_status(deployment.web.get(url), HTTPStatus.OK)
    return "hit" in response.headers.get("X-Cache", "").lower()


def _await_hit(deployment: Deployment, url: str) -> None:
    deployment.await_value(
        lambda: True if _is_hit(deployment, url) else None, HIT_SECONDS, "no request is a hit"
    )


def _make_public(deployment: Deployment) -> Any:  # noqa: ANN401 - JSON
    return deployment.await_ready(deployment.upload(visibility="public")["id"])


def show_gate(deployment: Deployment) -> str:
    _require_cdn(deployment)
    config = deployment.client("cloudfront").get_distribution_config(Id=deployment.outputs["DistributionId"])
    (origin,) = config["DistributionConfig"]["Origins"]["Items"]
    response = deployment.web.get(f"https://{origin['DomainName']}{origin['OriginPath']}/health")
    problem = require_problem(response, HTTPStatus.FORBIDDEN)
    require_equal(problem["code"], "forbidden", "code")
    return f"{origin['DomainName']}: 403"


def show_hits(deployment: Deployment) -> str:
    _require_cdn(deployment)
    _await_hit(deployment, _make_public(deployment)["renditions"][RENDITION]["url"])
    return "hit"


def show_privacy(deployment: Deployment) -> str:
    _require_cdn(deployment)
    url = deployment.upload_ready()["renditions"][RENDITION]["url"]
    hits = [_is_hit(deployment, url) for _ in range(PRIVATE_REQUESTS)]
    require(not any(hits), "a signed URL is a hit")
    plain = deployment.web.get(url.partition("?")[0])
    require_status(plain, HTTPStatus.NOT_FOUND)
    return f"{PRIVATE_REQUESTS} requests with a signature: no hit"


def show_removal(deployment: Deployment) -> str:
    _require_cdn(deployment)
    seconds = deployment.parameters["CdnSeconds"]
    if deployment.parameters["CdnInvalidation"] != "enabled" or int(seconds) <= REMOVAL_SECONDS:
        raise Skipped(f"copies of {seconds} s end by themselves, or CdnInvalidation is disabled")
    image = _make_public(deployment)
    url = image["renditions"][RENDITION]["url"]
    _await_hit(deployment, url)
    started = deployment.clock()
    require_status(
        deployment.api.patch(f"/images/{image['id']}", json={"visibility": "private"}), HTTPStatus.OK
    )
    deployment.await_value(
        lambda: deployment.web.get(url).status_code == HTTPStatus.NOT_FOUND or None,
        REMOVAL_SECONDS,
        "the CDN still shows the image",
    )
    return f"gone after {deployment.clock() - started:.0f} s"


CLAIMS = (
    Claim(
        "cdn-gate",
        "With `Cdn`, a request around the CDN is 403.",
        show_gate,
        obstacle="the local stack has no address of API Gateway",
        needs_caller=False,
    ),
    Claim("cdn-hits", "The CDN answers the views of a public image itself.", show_hits, obstacle=OBSTACLE),
    Claim(
        "cdn-privacy", "The CDN keeps nothing that a signature has opened.", show_privacy, obstacle=OBSTACLE
    ),
    Claim(
        "cdn-removal",
        "With `CdnInvalidation`, the CDN forgets an image that became private.",
        show_removal,
        obstacle=OBSTACLE,
        option="slow",
    ),
)
