"""Opens a deployment for a verification, with a user of its own, and leaves nothing of it behind."""

from __future__ import annotations

import base64
import json
import secrets
from contextlib import ExitStack, contextmanager, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx

from local.console import Problem
from local.deployment import STACK_NAME, describe
from operations.tokens import make_token
from operations.verification.deployment import Deployment, Options
from shared.counters import make_marker_key, make_usage_key
from shared.files import FILE_KIND
from shared.images import make_record_key
from shared.rows import encode_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

TIMEOUT_SECONDS = 60
SETTLE_SECONDS = 60
MAX_CONNECTIONS = 220


@contextmanager
def open_deployment(
    client: Callable[[str], Any],
    outputs: Mapping[str, str],
    stack_name: str,
    options: Options,
    *,
    token: str = "",
) -> Iterator[Deployment]:
    """Make a user and clients for a stack, and delete the user in the end. No name: the embedded stack.

    With a token, its user is the caller, and no user is made.
    """
    stack = describe(client, stack_name or STACK_NAME)
    if stack is None:
        raise Problem(f"CloudFormation does not describe the stack {stack_name or STACK_NAME}")
    parameters = {item["ParameterKey"]: item["ParameterValue"] for item in stack["Parameters"]}
    url = outputs["ApiUrl"] if stack_name else parameters["PublicUrl"]
    name = f"verify-{secrets.token_hex(8)}"
    with ExitStack() as exits:
        if token:
            headers, user_id = _name_caller(token, parameters)
        else:
            headers, user_id = _make_caller(client, outputs, parameters, name, exits)
        limits = httpx.Limits(max_connections=MAX_CONNECTIONS)
        api = exits.enter_context(
            httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_SECONDS, limits=limits)
        )
        web = exits.enter_context(httpx.Client(timeout=TIMEOUT_SECONDS, limits=limits))
        yield Deployment(
            client=client,
            stack_name=stack_name or STACK_NAME,
            outputs=outputs,
            parameters=parameters,
            api=api,
            web=web,
            user_id=user_id,
            owns_user=not token,
            is_embedded=not stack_name,
            options=options,
        )


def _make_caller(
    client: Callable[[str], Any],
    outputs: Mapping[str, str],
    parameters: Mapping[str, str],
    name: str,
    exits: ExitStack,
) -> tuple[dict[str, str], str]:
    """Return the headers and the id of a new user. Both are empty if another issuer makes the users."""
    if parameters["AuthMode"] == "open":
        return {"X-User-Id": name}, name
    if "UserPoolClientId" not in outputs:
        return {}, ""
    exits.callback(_delete_user, client("cognito-idp"), outputs["UserPoolId"], name)
    token = make_token(client, outputs, name)
    return _name_caller(token, parameters)


def _name_caller(token: str, parameters: Mapping[str, str]) -> tuple[dict[str, str], str]:
    return {"Authorization": f"Bearer {token}"}, read_claim(token, parameters["UserClaim"])


def _delete_user(cognito: Any, pool: str, name: str) -> None:  # noqa: ANN401 - of boto3
    """Delete a user, who was perhaps never made."""
    with suppress(cognito.exceptions.UserNotFoundException):
        cognito.admin_delete_user(UserPoolId=pool, Username=name)


def read_claim(token: str, name: str) -> str:
    """Read a claim of a token, without verifying it."""
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return str(claims[name])


def delete_images(deployment: Deployment) -> list[str]:
    """Delete the images that claims have left. Return the ids of those that could not be deleted."""
    left = []
    for image_id in deployment.made:
        response = deployment.api.delete(f"/images/{image_id}")
        if response.status_code not in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND}:
            left.append(image_id)
    deployment.made[:] = left
    return left


def delete_counters(deployment: Deployment) -> None:
    """Delete the user's counter when it is 0, and the notes that records count no more. Raises Refuted."""
    if not deployment.user_id:
        return
    deployment.await_value(
        lambda: deployment.has_counted_down() or None,
        SETTLE_SECONDS,
        f"the counter of the user {deployment.user_id} is not 0",
    )
    records = [make_record_key(image_id) for image_id in sorted(deployment.noted)]
    records += [(f"{FILE_KIND}#{file_id}", FILE_KIND) for file_id in sorted(deployment.noted_files)]
    keys = [make_usage_key(deployment.user_id), *map(make_marker_key, records)]
    dynamodb, table = deployment.client("dynamodb"), deployment.outputs["ImagesTableName"]
    for key in keys:
        dynamodb.delete_item(TableName=table, Key=encode_key(key))
