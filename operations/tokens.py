"""Makes tokens and passwords of users of the stack's pool, for trying the API and the web page."""

from __future__ import annotations

import contextlib
import re
import secrets
from typing import TYPE_CHECKING, Any

from local.console import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

USER_NAME = re.compile(r"\S{1,128}")
MADE_HERE = "operations/token"
"""The group of the users that were made here. Users can change their attributes, but not their groups.

`AdminGroup` can never have this name, because of the slash."""


def make_token(
    client: Callable[[str], Any], outputs: Mapping[str, str], user: str, *, is_admin: bool = False
) -> str:
    """Return an access token for a user. Creates the user if needed, and sets a new password each time.

    Refuses a user who was not made here. Creates the group of admins, when the first admin joins it.
    """
    cognito, pool = find_pool(client, outputs, user)
    if cognito.describe_user_pool(**pool)["UserPool"].get("MfaConfiguration") == "ON":
        raise Problem(
            "this user pool demands a second factor (UserPoolMfa=ON), which make token does not have"
        )
    provide_user(cognito, pool, user)
    if is_admin:
        join_group(cognito, pool, user, outputs["AdminGroupName"])
    return sign_in(cognito, pool, user, outputs["UserPoolClientId"])


def make_password(client: Callable[[str], Any], outputs: Mapping[str, str], user: str) -> str:
    """Return a new password of a user, for signing in on the web page. Creates the user if needed.

    Refuses a user who was not made here.
    """
    cognito, pool = find_pool(client, outputs, user)
    provide_user(cognito, pool, user)
    return set_password(cognito, pool, user)


def find_pool(
    client: Callable[[str], Any], outputs: Mapping[str, str], user: str
) -> tuple[Any, Mapping[str, str]]:
    """Return a client of Cognito and the pool, if it can have such a user."""
    if not USER_NAME.fullmatch(user):
        raise Problem("name a user with 1 to 128 characters and without spaces: make token USER=alice")
    if "UserPoolClientId" not in outputs:
        raise Problem(
            "this stack accepts no tokens of a user pool; deploy it with AuthMode=jwt "
            "(make start AUTH_MODE=jwt) and without OidcIssuer"
        )
    return client("cognito-idp"), {"UserPoolId": outputs["UserPoolId"]}


def provide_user(cognito: Any, pool: Mapping[str, str], user: str) -> None:  # noqa: ANN401 - of boto3
    """Create a user, or make sure that the user was made here."""
    try:
        cognito.admin_create_user(**pool, Username=user, MessageAction="SUPPRESS")
    except cognito.exceptions.UsernameExistsException:
        pages = cognito.get_paginator("admin_list_groups_for_user").paginate(**pool, Username=user)
        if MADE_HERE not in {group["GroupName"] for page in pages for group in page["Groups"]}:
            raise Problem(
                f"make token did not make the user {user}, and would reset the password; name another user"
            ) from None
    else:
        join_group(cognito, pool, user, MADE_HERE)


def join_group(cognito: Any, pool: Mapping[str, str], user: str, group: str) -> None:  # noqa: ANN401 - of boto3
    """Add a user to a group. Creates the group if needed."""
    with contextlib.suppress(cognito.exceptions.GroupExistsException):
        cognito.create_group(**pool, GroupName=group)
    cognito.admin_add_user_to_group(**pool, Username=user, GroupName=group)


def set_password(cognito: Any, pool: Mapping[str, str], user: str) -> str:  # noqa: ANN401 - of boto3
    password = f"Aa1-{secrets.token_urlsafe(24)}"
    cognito.admin_set_user_password(**pool, Username=user, Password=password, Permanent=True)
    return password


def sign_in(cognito: Any, pool: Mapping[str, str], user: str, client_id: str) -> str:  # noqa: ANN401 - of boto3
    """Return an access token for a user, who gets a new password."""
    output = cognito.admin_initiate_auth(
        **pool,
        ClientId=client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": user, "PASSWORD": set_password(cognito, pool, user)},
    )
    if "AuthenticationResult" not in output:
        raise Problem(
            f"{user} has a second factor, which make token does not have ({output['ChallengeName']})"
        )
    token: str = output["AuthenticationResult"]["AccessToken"]
    return token
