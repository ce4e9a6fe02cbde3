"""Makes tokens of the stack's own user pool, for trying the API."""

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
    """Return an access token for a user. Creates the user if needed, and sets a new password each time."""
    if "UserPoolId" not in outputs:
        raise Problem("this stack has no user pool; deploy it with AuthMode=jwt (make start AUTH_MODE=jwt)")
    cognito = client("cognito-idp")
    names = {"UserPoolId": outputs["UserPoolId"], "Username": user}
    password = f"Aa1-{secrets.token_urlsafe(24)}"
    with contextlib.suppress(cognito.exceptions.UsernameExistsException):
        cognito.admin_create_user(**names, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(**names, Password=password, Permanent=True)
    if is_admin:
        cognito.admin_add_user_to_group(**names, GroupName=outputs["AdminGroupName"])
    output = cognito.admin_initiate_auth(
        UserPoolId=outputs["UserPoolId"],
        ClientId=outputs["UserPoolClientId"],
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": user, "PASSWORD": password},
    )
    token: str = output["AuthenticationResult"]["AccessToken"]
    return token
