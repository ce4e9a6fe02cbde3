"""Makes tokens of the stack's user pool, for trying the API."""

from __future__ import annotations

import contextlib
import secrets
from typing import TYPE_CHECKING, Any

from local.console import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def make_token(
    client: Callable[[str], Any], outputs: Mapping[str, str], user: str, *, is_admin: bool = False
) -> str:
    """Return an access token for a user. Creates the user if needed, and sets a new password each time.

    Creates the group of admins as well, when the first admin joins it.
    """
    if "UserPoolClientId" not in outputs:
        raise Problem(
            "this stack accepts no tokens of a user pool; deploy it with AuthMode=jwt "
            "(make start AUTH_MODE=jwt) and without OidcIssuer"
        )
    cognito = client("cognito-idp")
    pool = {"UserPoolId": outputs["UserPoolId"]}
    password = f"Aa1-{secrets.token_urlsafe(24)}"
    with contextlib.suppress(cognito.exceptions.UsernameExistsException):
        cognito.admin_create_user(**pool, Username=user, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(**pool, Username=user, Password=password, Permanent=True)
    if is_admin:
        group = outputs["AdminGroupName"]
        with contextlib.suppress(cognito.exceptions.GroupExistsException):
            cognito.create_group(**pool, GroupName=group)
        cognito.admin_add_user_to_group(**pool, Username=user, GroupName=group)
    output = cognito.admin_initiate_auth(
        **pool,
        ClientId=outputs["UserPoolClientId"],
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": user, "PASSWORD": password},
    )
    token: str = output["AuthenticationResult"]["AccessToken"]
    return token
