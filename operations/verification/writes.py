"""Claims about changes of one image by several requests."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from operations.verification.answers import require_problem, require_status
from operations.verification.claims import Claim
from operations.verification.deployment import run_at_once
from operations.verification.verdicts import require, require_equal

if TYPE_CHECKING:
    from operations.verification.deployment import Deployment

ROUNDS = 10


def show_conditional_write(deployment: Deployment) -> str:
    image_id = deployment.upload_ready()["id"]
    url = f"/images/{image_id}"
    tag = require_status(deployment.api.get(url), HTTPStatus.OK).headers["ETag"]
    headers = {"If-Match": tag}
    require_status(deployment.api.patch(url, json={"description": "one"}, headers=headers), HTTPStatus.OK)
    late = deployment.api.patch(url, json={"description": "two"}, headers=headers)
    problem = require_problem(late, HTTPStatus.PRECONDITION_FAILED)
    require_equal(problem["code"], "precondition_failed", "code")
    require_equal(deployment.read(image_id)["description"], "one", "description")
    return "200, then 412"


def show_parallel_changes(deployment: Deployment) -> str:
    image = deployment.upload_ready()
    url, version = f"/images/{image['id']}", image["version"]
    conflicts = 0
    for number in range(ROUNDS):
        responses = run_at_once(
            lambda caller, number=number: deployment.api.patch(  # type: ignore[misc]
                url, json={"tags": [f"tag-{number}-{caller}"]}
            ),
            2,
        )
        statuses = [
            require_status(response, HTTPStatus.OK, HTTPStatus.CONFLICT).status_code for response in responses
        ]
        require(HTTPStatus.OK in statuses, "both of two parallel changes are refused")
        conflicts += statuses.count(HTTPStatus.CONFLICT)
        version += statuses.count(HTTPStatus.OK)
    require_equal(deployment.read(image["id"])["version"], version, "version")
    return f"{2 * ROUNDS} changes in pairs, {conflicts} answered 409"


CLAIMS = (
    Claim(
        "conditional-write",
        "A change with `If-Match` of an old version is 412 and changes nothing.",
        show_conditional_write,
    ),
    Claim(
        "parallel-changes",
        "Of two parallel changes of an image at least one succeeds, none is lost, and none is 5XX.",
        show_parallel_changes,
    ),
)
