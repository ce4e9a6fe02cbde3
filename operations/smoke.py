"""The command `smoke`: a short test of a stack from outside, as a client sees it. It leaves nothing.

Each way to upload lives through the whole life of an image. `verify-aws` shows far more, and takes longer.
"""

from __future__ import annotations

import base64
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from local.console import Problem
from operations.verification.answers import require_status
from operations.verification.claims import Claim
from operations.verification.deployment import Options
from operations.verification.runner import FAILED, SKIPPED, describe_error, run_claims
from operations.verification.samples import make_png
from operations.verification.sessions import open_deployment
from operations.verification.uploads import require_same, require_webp
from operations.verification.verdicts import Refuted, Skipped, require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import httpx

    from operations.verification.deployment import Deployment

    type Accept = Callable[[Deployment, bytes], httpx.Response]

GONE_SECONDS = 60
FILE = b"A file of the smoke test.\n"


class Steps:
    """The steps of a check. The one that fails is named."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._done: list[str] = []

    @contextmanager
    def take(self, name: str) -> Iterator[None]:
        started = self._clock()
        try:
            yield
        except Exception as error:
            raise Refuted(f"{name}: {describe_error(error)}") from error
        self._done.append(f"{name} {self._clock() - started:.1f} s")

    def __str__(self) -> str:
        return ", ".join(self._done)


def smoke(client: Callable[[str], Any], outputs: Mapping[str, str], stack_name: str, token: str = "") -> None:
    """Test a stack, and print a line for each check. Raises Problem if one fails."""
    with open_deployment(client, outputs, stack_name, Options(), token=token) as deployment:
        if not deployment.user_id:
            raise Problem("another issuer makes the users of this stack; set SMOKE_TOKEN to an access token")
        print(f"{deployment.api.base_url}", flush=True)
        outcomes = run_claims(deployment, CHECKS)
    if failed := outcomes[FAILED]:
        raise Problem(f"{failed} of {len(CHECKS)} checks failed")
    print(f"{len(CHECKS) - outcomes[SKIPPED]} checks passed, and nothing is left")


def check_health(deployment: Deployment) -> str:
    steps = Steps(deployment.clock)
    with steps.take("healthy"):
        require_status(deployment.api.get("/health"), HTTPStatus.OK)
    return str(steps)


def upload_form(deployment: Deployment, content: bytes) -> httpx.Response:
    return deployment.api.post("/images/upload", files={"file": ("smoke.png", content, "image/png")})


def upload_json(deployment: Deployment, content: bytes) -> httpx.Response:
    return deployment.api.post(
        "/images/upload", json={"image": {"content": base64.b64encode(content).decode()}}
    )


def upload_raw(deployment: Deployment, content: bytes) -> httpx.Response:
    return deployment.api.post("/images/upload", content=content, headers={"Content-Type": "image/png"})


def upload_directly(deployment: Deployment, content: bytes) -> httpx.Response:
    begun = deployment.note(
        deployment.api.post("/images/uploads", json={"contentType": "image/png", "size": len(content)})
    )
    if begun.status_code == HTTPStatus.CREATED:
        require_status(deployment.post_form(begun.json()["upload"], content), HTTPStatus.NO_CONTENT)
    return begun


def make_check(accept: Accept) -> Callable[[Deployment], str]:
    """Make the check of a way to upload an image."""

    def check(deployment: Deployment) -> str:
        content, steps = make_png(), Steps(deployment.clock)
        with steps.take("accepted"):
            response = accept(deployment, content)
            image_id = require_status(response, HTTPStatus.CREATED).json()["id"]
            if image_id not in deployment.noted:
                deployment.note(response)
        with steps.take("ready"):
            image = deployment.await_ready(image_id)
        with steps.take("listed"):
            require(image_id in _list_images(deployment), "the image is not in the listing of its owner")
        with steps.take("seen"):
            require_same(deployment, image, content)
            for name in image["renditions"]:
                require_webp(deployment, image_id, name)
        with steps.take("deleted"):
            _delete_image(deployment, image_id)
        return str(steps)

    return check


def check_legacy(deployment: Deployment) -> str:
    if deployment.parameters["LegacyUpload"] == "disabled":
        raise Skipped("LegacyUpload is disabled")
    steps = Steps(deployment.clock)
    with steps.take("accepted"):
        response = deployment.api.post("/upload", files={"file": ("smoke.txt", FILE, "text/plain")})
        file = require_status(response, HTTPStatus.CREATED).json()["file"]
        deployment.noted_files.add(file["id"])
    path = f"/files/{file['id']}"
    try:
        with steps.take("listed"):
            listed = require_status(deployment.api.get("/files"), HTTPStatus.OK).json()["files"]
            require(
                file["id"] in [each["id"] for each in listed], "the file is not in the listing of its owner"
            )
        with steps.take("seen"):
            content = require_status(deployment.web.get(file["url"]), HTTPStatus.OK).content
            require(content == FILE, "the bytes of the file are others")
    finally:
        response = deployment.api.delete(path)
    with steps.take("deleted"):
        require_status(response, HTTPStatus.NO_CONTENT)
        require_status(deployment.api.get(path), HTTPStatus.NOT_FOUND)
        _await_gone(deployment, file["url"])
    return str(steps)


def _list_images(deployment: Deployment) -> list[str]:
    response = deployment.api.get("/images", params={"userId": deployment.user_id, "limit": 100})
    return [image["id"] for image in require_status(response, HTTPStatus.OK).json()["images"]]


def _delete_image(deployment: Deployment, image_id: str) -> None:
    url = deployment.sign(image_id)
    require_status(deployment.api.delete(f"/images/{image_id}"), HTTPStatus.NO_CONTENT)
    deployment.made.remove(image_id)
    require_status(deployment.api.get(f"/images/{image_id}"), HTTPStatus.NOT_FOUND)
    require(image_id not in _list_images(deployment), "the deleted image is still in the listing")
    _await_gone(deployment, url)


def _await_gone(deployment: Deployment, url: str) -> None:
    """Wait until the function behind the table has deleted the bytes."""
    deployment.await_value(
        lambda: True if deployment.web.get(url).status_code == HTTPStatus.NOT_FOUND else None,
        GONE_SECONDS,
        "the bytes are still there",
    )


CHECKS = (
    Claim("health", "The API responds.", check_health),
    Claim("form", "An image in a form.", make_check(upload_form)),
    Claim("json", "An image in JSON.", make_check(upload_json)),
    Claim("raw", "An image as a bare body.", make_check(upload_raw)),
    Claim("direct", "An image by a form for S3.", make_check(upload_directly)),
    Claim("legacy", "A file of the legacy upload.", check_legacy),
)
