"""Claims about signed URLs and forms, and about the doors that stay shut without a signature."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from operations.verification.answers import require_status
from operations.verification.claims import Claim
from operations.verification.samples import make_png
from operations.verification.verdicts import require

if TYPE_CHECKING:
    from operations.verification.deployment import Deployment

URL_SECONDS = 60
FORM_SECONDS = 120
MARGIN_SECONDS = 10
"""Clocks differ, and the two last posts take a moment."""


def show_signed_url(deployment: Deployment) -> str:
    url = deployment.sign(deployment.upload()["id"])
    require_status(deployment.web.get(url), HTTPStatus.OK)
    changed = url[:-1] + ("0" if url[-1] != "0" else "1")
    require_status(deployment.web.get(changed), HTTPStatus.FORBIDDEN)
    return "200; 403 with another signature"


def show_signed_url_end(deployment: Deployment) -> str:
    url = deployment.sign(deployment.upload()["id"])
    deployment.sleep(URL_SECONDS - MARGIN_SECONDS)
    require_status(deployment.web.get(url), HTTPStatus.OK)
    deployment.sleep(2 * MARGIN_SECONDS)
    require_status(deployment.web.get(url), HTTPStatus.FORBIDDEN)
    return f"200 after {URL_SECONDS - MARGIN_SECONDS} s, 403 after {URL_SECONDS + MARGIN_SECONDS} s"


def show_form_end(deployment: Deployment) -> str:
    content = make_png()
    begun = deployment.begin_upload(len(content), expires_in=FORM_SECONDS)
    late = deployment.begin_upload(len(content), expires_in=FORM_SECONDS)
    lifetime = datetime.fromisoformat(begun["expiresAt"]).timestamp() - deployment.clock()
    require(
        abs(lifetime - FORM_SECONDS) <= MARGIN_SECONDS,
        f"the form of {FORM_SECONDS} s says that it ends in {lifetime:.0f} s",
    )
    deployment.sleep(lifetime - MARGIN_SECONDS)
    require_status(deployment.post_form(begun["upload"], content), HTTPStatus.NO_CONTENT)
    deployment.sleep(2 * MARGIN_SECONDS)
    require_status(
        deployment.post_form(late["upload"], content), HTTPStatus.FORBIDDEN, HTTPStatus.BAD_REQUEST
    )
    return f"204 at {MARGIN_SECONDS} s before its end, refused {MARGIN_SECONDS} s after it"


def show_closed_bucket(deployment: Deployment) -> str:
    url = urlsplit(deployment.sign(deployment.upload()["id"]))
    unsigned = url._replace(query="")
    require_status(deployment.web.get(unsigned.geturl()), HTTPStatus.FORBIDDEN)
    bucket = deployment.outputs["BucketName"]
    root = f"/{bucket}" if url.path.startswith(f"/{bucket}/") else "/"
    require_status(deployment.web.get(unsigned._replace(path=root).geturl()), HTTPStatus.FORBIDDEN)
    put = deployment.web.put(unsigned.geturl(), content=b"x")
    require_status(put, HTTPStatus.FORBIDDEN)
    return "403 for reading, listing and writing"


CLAIMS = (
    Claim(
        "signed-url",
        "A signed URL opens without `Authorization`, and not with another signature.",
        show_signed_url,
    ),
    Claim("closed-bucket", "The bucket refuses everyone without a signature.", show_closed_bucket),
    Claim(
        "signed-url-end",
        "A signed URL of an original opens for a minute, and is refused afterwards.",
        show_signed_url_end,
        option="slow",
    ),
    Claim(
        "form-end",
        "A form for S3 works as long as it says, and is refused afterwards.",
        show_form_end,
        option="slow",
    ),
)
