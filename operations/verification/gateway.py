"""Claims about answers that API Gateway makes or changes."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from local.template import read_gateway_responses
from operations.verification.answers import require_problem
from operations.verification.claims import Claim
from operations.verification.verdicts import Skipped, require, require_equal

if TYPE_CHECKING:
    from operations.verification.deployment import Deployment

BEYOND_GATEWAY_BYTES = 10 * 1024 * 1024 + 1
BEYOND_LAMBDA_BYTES = 7_000_000
HEADER_PREFIX = "gatewayresponse.header."
CHALLENGE_HEADERS = ("WWW-Authenticate", "x-amzn-Remapped-WWW-Authenticate")


def _show_too_large(deployment: Deployment, size_bytes: int) -> str:
    problem = require_problem(deployment.post_image(bytes(size_bytes)), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    require_equal(problem["code"], "too_large", "code")
    require("/images/uploads" in problem["detail"], f"the answer names no way on: {problem['detail']}")
    return f"{size_bytes} bytes: 413"


def show_too_large_for_gateway(deployment: Deployment) -> str:
    return _show_too_large(deployment, BEYOND_GATEWAY_BYTES)


def show_too_large_for_lambda(deployment: Deployment) -> str:
    return _show_too_large(deployment, BEYOND_LAMBDA_BYTES)


def show_unlisted_method(deployment: Deployment) -> str:
    url = str(deployment.api.base_url).rstrip("/") + "/images"
    response = deployment.web.request("TRACE", url)
    require_equal(
        require_problem(response, HTTPStatus.METHOD_NOT_ALLOWED)["code"], "method_not_allowed", "code"
    )
    require("PATCH" in response.headers.get("Allow", ""), "Allow does not list the methods")
    signed = deployment.web.request("TRACE", url, headers={"Authorization": "Bearer x"})
    require_problem(signed, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.FORBIDDEN)
    return f"TRACE: 405; with an Authorization header: {signed.status_code}"


def show_gateway_responses(deployment: Deployment) -> str:
    items = deployment.client("apigateway").get_gateway_responses(
        restApiId=deployment.find_resource("Api"), limit=500
    )["items"]
    found = {item["responseType"]: _read_response(item) for item in items}
    for name, response in read_gateway_responses().items():
        require_equal(found.get(name), (response.status, dict(response.headers)), f"response {name}")
    return f"{len(read_gateway_responses())} types as in the template"


def show_challenge(deployment: Deployment) -> str:
    if deployment.parameters["AuthMode"] != "jwt":
        raise Skipped("AuthMode is open: there are no tokens")
    url = str(deployment.api.base_url).rstrip("/") + "/images"
    response = deployment.web.get(url, headers={"Authorization": "Bearer bad"})
    problem = require_problem(response, HTTPStatus.UNAUTHORIZED)
    found = {name: value for name in CHALLENGE_HEADERS if (value := response.headers.get(name))}
    require(found, "the 401 has neither " + " nor ".join(CHALLENGE_HEADERS))
    for name, value in found.items():
        require_equal(problem.get("challenge"), value, f"challenge in the body, against {name},")
    return f"arrives as {' and '.join(found)}"


def _read_response(item: Any) -> tuple[int, dict[str, str]]:  # noqa: ANN401 - JSON
    headers = {
        name.removeprefix(HEADER_PREFIX): value.strip("'")
        for name, value in item.get("responseParameters", {}).items()
    }
    return int(item.get("statusCode", 0)), headers


CLAIMS = (
    Claim(
        "too-large-for-gateway",
        "A body of more than 10 MB is 413 as problem+json with nosniff.",
        show_too_large_for_gateway,
    ),
    Claim(
        "too-large-for-lambda",
        "A body between 6 and 10 MB is 413 as problem+json with nosniff.",
        show_too_large_for_lambda,
        obstacle="the emulated Lambda takes any size",
    ),
    Claim(
        "unlisted-method",
        "A method that no path has is 405 with `Allow`; with an `Authorization` header it may be 403.",
        show_unlisted_method,
        needs_caller=False,
    ),
    Claim(
        "gateway-responses",
        "All of API Gateway's own answers have the status and the headers of the template.",
        show_gateway_responses,
        obstacle="the emulated API Gateway has no gateway responses",
        needs_caller=False,
    ),
    Claim(
        "challenge",
        "The challenge of a 401 arrives in a header and in the body.",
        show_challenge,
        needs_caller=False,
    ),
)
