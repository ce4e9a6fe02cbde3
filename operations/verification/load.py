"""Claims about many requests at once, and about functions that have to start first."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from local.template import read_template
from operations.verification.answers import describe_times, require_problem, require_status
from operations.verification.claims import Claim
from operations.verification.deployment import run_at_once
from operations.verification.verdicts import Skipped, require

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from operations.verification.deployment import Deployment

MAX_THREADS = 200
UPDATE_SECONDS = 60
COLD_SECONDS = 15
WARM_REQUESTS = 20
REFUSALS = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


def show_throttling(deployment: Deployment) -> str:
    threads = min(deployment.options.burst, MAX_THREADS)
    each = -(-deployment.options.burst // threads)
    statuses: Counter[int] = Counter()
    for responses in run_at_once(lambda _: [_get_health(deployment) for _ in range(each)], threads):
        for response in responses:
            statuses[response.status_code] += 1
            if response.status_code != HTTPStatus.OK:
                require_problem(response, *REFUSALS)
                wait = response.headers.get("Retry-After", "")
                require(wait.isdecimal(), f"a {response.status_code} has the Retry-After {wait!r}")
    figures = ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
    if not statuses.keys() & {*REFUSALS}:
        raise Skipped(f"{figures}: nothing was refused; send more, or lower the limits of the stack")
    return figures


def show_cold_start(deployment: Deployment) -> str:
    with _live_version(deployment):
        response, cold_seconds = deployment.measure(lambda: _get_health(deployment))
    require_status(response, HTTPStatus.OK)
    require(cold_seconds <= COLD_SECONDS, f"the first request takes {cold_seconds:.1f} s")
    _get_health(deployment)
    warm = [deployment.measure(lambda: _get_health(deployment))[1] for _ in range(WARM_REQUESTS)]
    return f"cold {cold_seconds:.2f} s; warm {describe_times(warm)}"


def _get_health(deployment: Deployment) -> httpx.Response:
    return deployment.web.get(str(deployment.api.base_url).rstrip("/") + "/health")


@contextmanager
def _live_version(deployment: Deployment) -> Iterator[None]:
    """Publish the function of the API once more, and send requests to that version for a moment."""
    functions, name = deployment.client("lambda"), deployment.outputs["ApiFunctionName"]
    alias = read_template()["Resources"]["ApiFunction"]["Properties"]["AutoPublishAlias"]
    live = functions.get_alias(FunctionName=name, Name=alias)["FunctionVersion"]
    description = functions.get_function_configuration(FunctionName=name)["Description"]
    _describe(deployment, f"{description} (verification)")  # Lambda publishes nothing that did not change
    try:
        version = functions.publish_version(FunctionName=name)["Version"]
    finally:
        _describe(deployment, description)
    try:
        deployment.await_value(
            lambda: _is_active(functions, name, version), UPDATE_SECONDS, "the version is not active"
        )
        functions.update_alias(FunctionName=name, Name=alias, FunctionVersion=version)
        yield
    finally:
        functions.update_alias(FunctionName=name, Name=alias, FunctionVersion=live)
        functions.delete_function(FunctionName=name, Qualifier=version)


def _is_active(functions: Any, name: str, version: str) -> bool | None:  # noqa: ANN401 - of boto3
    configuration = functions.get_function_configuration(FunctionName=name, Qualifier=version)
    return True if configuration.get("State") == "Active" else None


def _describe(deployment: Deployment, description: str) -> None:
    """Change the description of the API's function, and wait for that."""
    functions, name = deployment.client("lambda"), deployment.outputs["ApiFunctionName"]
    functions.update_function_configuration(FunctionName=name, Description=description)

    def is_done() -> bool | None:
        state = functions.get_function_configuration(FunctionName=name).get("LastUpdateStatus")
        return True if state == "Successful" else None

    deployment.await_value(is_done, UPDATE_SECONDS, "the function is not updated")


CLAIMS = (
    Claim(
        "throttling",
        "A refusal in a burst is 429 or 503 as problem+json, with `Retry-After`.",
        show_throttling,
        obstacle="the emulated AWS does not throttle",
        option="burst",
        needs_caller=False,
    ),
    Claim(
        "cold-start",
        f"The first request to a function that has to start is answered within {COLD_SECONDS} s.",
        show_cold_start,
        obstacle="an emulated function starts in another way",
        option="cold",
        needs_caller=False,
    ),
)
