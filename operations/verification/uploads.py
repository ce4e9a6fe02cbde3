"""Claims about uploads: they arrive whole, and at once."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from operations.verification.answers import describe_times, require_problem, require_status
from operations.verification.claims import Claim
from operations.verification.deployment import run_at_once
from operations.verification.samples import make_png
from operations.verification.verdicts import Skipped, require, require_equal
from shared.renditions import STILLS

if TYPE_CHECKING:
    import httpx

    from operations.verification.deployment import Deployment

PARALLEL_UPLOADS = 20
MAX_QUOTA = 50
SURPLUS = 5
WARM_SECONDS = 5
SETTLE_SECONDS = 60


def show_contention(deployment: Deployment) -> str:
    quota = int(deployment.parameters["MaxUserImages"])
    if 0 < quota < PARALLEL_UPLOADS:
        raise Skipped(f"MaxUserImages is {quota}, and this uploads {PARALLEL_UPLOADS}")
    results = run_at_once(lambda _: deployment.measure(deployment.post_image), PARALLEL_UPLOADS)
    statuses = Counter(response.status_code for response, _ in results)
    require_equal(dict(statuses), {HTTPStatus.CREATED: PARALLEL_UPLOADS}, "number of answers by status")
    return f"{PARALLEL_UPLOADS} uploads, {describe_times([seconds for _, seconds in results])}"


def show_quota(deployment: Deployment) -> str:
    quota = int(deployment.parameters["MaxUserImages"])
    if not 0 < quota <= MAX_QUOTA:
        raise Skipped(f"MaxUserImages is {quota}, and this needs 1 to {MAX_QUOTA}")
    deployment.await_value(
        lambda: True if deployment.read_used() == 0 else None, SETTLE_SECONDS, "the counter is not 0"
    )
    responses = run_at_once(lambda _: deployment.post_image(), quota + SURPLUS)
    taken = [response for response in responses if response.status_code == HTTPStatus.CREATED]
    for response in responses:
        if response not in taken:
            problem = require_problem(response, HTTPStatus.FORBIDDEN)
            require_equal(problem["code"], "quota_exceeded", "code")
    require_equal(len(taken), quota, "number of images")
    require_equal(deployment.read_used(), quota, "counter")
    return f"{quota} of {quota + SURPLUS} parallel uploads taken"


def show_raw_bytes(deployment: Deployment) -> str:
    content = make_png()
    return require_same(deployment, deployment.upload(content), content)


def show_form_bytes(deployment: Deployment) -> str:
    content = make_png()
    files = {"file": ("a.png", content, "image/png")}
    return _take(deployment, deployment.api.post("/images/upload", files=files), content)


def show_json_bytes(deployment: Deployment) -> str:
    content = make_png()
    body = {"image": {"content": base64.b64encode(content).decode()}}
    return _take(deployment, deployment.api.post("/images/upload", json=body), content)


def show_direct_bytes(deployment: Deployment) -> str:
    content = make_png()
    begun = deployment.begin_upload(len(content))
    refused = deployment.post_form(begun["upload"], content + b"x")
    require_status(refused, HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN)
    require_status(deployment.post_form(begun["upload"], content), HTTPStatus.NO_CONTENT)
    return require_same(deployment, deployment.await_ready(begun["id"]), content)


def show_processing(deployment: Deployment) -> str:
    deployment.upload_ready()  # now the functions are warm
    image_id = deployment.upload()["id"]
    started = deployment.clock()
    image = deployment.await_ready(image_id, WARM_SECONDS)
    seconds = deployment.clock() - started
    require_equal(image["renditions"].keys(), {*STILLS}, "set of renditions")
    sizes = [require_webp(deployment, image_id, name) for name in image["renditions"]]
    return f"ready after {seconds:.1f} s, {len(sizes)} renditions of {sum(sizes)} bytes"


def show_listing(deployment: Deployment) -> str:
    for number in range(PARALLEL_UPLOADS):
        image_id = deployment.upload()["id"]
        response = deployment.api.get("/images", params={"userId": deployment.user_id, "limit": 100})
        listed = [image["id"] for image in require_status(response, HTTPStatus.OK).json()["images"]]
        require(image_id in listed, f"upload {number + 1} is not in the listing after it")
        _delete(deployment, image_id)
    return f"{PARALLEL_UPLOADS} times in a row"


def _take(deployment: Deployment, response: httpx.Response, content: bytes) -> str:
    image = require_status(deployment.note(response), HTTPStatus.CREATED).json()
    return require_same(deployment, image, content)


def require_same(deployment: Deployment, image: Any, content: bytes) -> str:  # noqa: ANN401 - JSON
    """Raises Refuted if the original of an image is not these bytes."""
    expected = hashlib.sha256(content).hexdigest()
    require_equal(image["sha256"], expected, "SHA-256 that the API names")
    original = require_status(deployment.web.get(deployment.sign(image["id"])), HTTPStatus.OK).content
    require_equal(hashlib.sha256(original).hexdigest(), expected, "SHA-256 of the original")
    return f"{len(content)} bytes, SHA-256 {expected[:8]}"


def require_webp(deployment: Deployment, image_id: str, name: str) -> int:
    """Return the bytes of a rendition. Raises Refuted if it is not WebP."""
    response = require_status(deployment.api.get(f"/images/{image_id}/content/{name}"), HTTPStatus.OK)
    require_equal(response.headers.get("Content-Type"), "image/webp", f"type of {name}")
    require_equal((response.content[:4], response.content[8:12]), (b"RIFF", b"WEBP"), f"beginning of {name}")
    return len(response.content)


def _delete(deployment: Deployment, image_id: str) -> None:
    require_status(deployment.api.delete(f"/images/{image_id}"), HTTPStatus.NO_CONTENT)
    deployment.made.remove(image_id)


CLAIMS = (
    Claim("raw-bytes", "A bare body arrives byte by byte, with every value of a byte.", show_raw_bytes),
    Claim("form-bytes", "A file in a form arrives byte by byte.", show_form_bytes),
    Claim("json-bytes", "A file in JSON arrives byte by byte.", show_json_bytes),
    Claim(
        "direct-bytes",
        "A form for S3 takes the announced size only, and the image becomes ready.",
        show_direct_bytes,
    ),
    Claim(
        "processing",
        f"With warm functions an image is ready within {WARM_SECONDS} s, and its renditions are WebP.",
        show_processing,
    ),
    Claim(
        "contention",
        f"{PARALLEL_UPLOADS} parallel uploads of one user are all taken: no 409, no 5XX.",
        show_contention,
    ),
    Claim("listing", "A caller's upload is in the next listing, 20 times in a row.", show_listing),
    Claim(
        "quota",
        "Parallel uploads stop exactly at the quota.",
        show_quota,
    ),
)
