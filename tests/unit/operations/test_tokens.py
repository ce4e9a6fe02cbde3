from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from local.console import Problem
from operations.tokens import make_token

OUTPUTS = {"UserPoolId": "pool", "UserPoolClientId": "client", "AdminGroupName": "editors"}


class UsernameExistsException(Exception):
    """The user pool has the user already."""


class GroupExistsException(Exception):
    """The user pool has the group already."""


@dataclass
class Cognito:
    """A user pool that remembers what was asked of it."""

    users: set[str] = field(default_factory=set)
    passwords: dict[str, str] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    """Groups."""
    groups: list[tuple[str, str]] = field(default_factory=list)
    exceptions = SimpleNamespace(
        UsernameExistsException=UsernameExistsException, GroupExistsException=GroupExistsException
    )

    def client(self, service: str) -> Cognito:
        assert service == "cognito-idp"
        return self

    def admin_create_user(self, **options: Any) -> None:  # noqa: ANN401 - of boto3
        assert (options["UserPoolId"], options["MessageAction"]) == ("pool", "SUPPRESS")
        if options["Username"] in self.users:
            raise UsernameExistsException
        self.users.add(options["Username"])

    def admin_set_user_password(self, **options: Any) -> None:  # noqa: ANN401 - of boto3
        assert (options["UserPoolId"], options["Permanent"]) == ("pool", True)
        self.passwords[options["Username"]] = options["Password"]

    def create_group(self, **options: Any) -> None:  # noqa: ANN401 - of boto3
        assert options["UserPoolId"] == "pool"
        if options["GroupName"] in self.made:
            raise GroupExistsException
        self.made.add(options["GroupName"])

    def admin_add_user_to_group(self, **options: Any) -> None:  # noqa: ANN401 - of boto3
        assert options["UserPoolId"] == "pool"
        assert options["GroupName"] in self.made
        self.groups.append((options["Username"], options["GroupName"]))

    def admin_initiate_auth(self, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - of boto3
        assert (options["UserPoolId"], options["ClientId"]) == ("pool", "client")
        assert options["AuthFlow"] == "ADMIN_USER_PASSWORD_AUTH"
        user = options["AuthParameters"]["USERNAME"]
        assert options["AuthParameters"]["PASSWORD"] == self.passwords[user]
        return {"AuthenticationResult": {"AccessToken": f"token of {user}"}}


@pytest.mark.parametrize("users", [set[str](), {"ann"}])
def test_token_is_that_of_the_user_who_is_made_if_needed(users: set[str]) -> None:
    cognito = Cognito(users)
    assert make_token(cognito.client, OUTPUTS, "ann") == "token of ann"
    assert cognito.users == {"ann"}
    assert (cognito.groups, cognito.made) == ([], set())


@pytest.mark.parametrize("made", [set[str](), {"editors"}])
def test_admin_joins_the_group_of_admins_which_is_made_if_needed(made: set[str]) -> None:
    cognito = Cognito(made=made)
    make_token(cognito.client, OUTPUTS, "root", is_admin=True)
    assert cognito.groups == [("root", "editors")]
    assert cognito.made == {"editors"}


def test_password_keeps_to_the_policy_and_is_never_the_same() -> None:
    cognito = Cognito()
    passwords = set()
    for _ in range(3):
        make_token(cognito.client, OUTPUTS, "ann")
        passwords.add(cognito.passwords["ann"])
    assert len(passwords) == 3
    for password in passwords:
        assert len(password) >= 30
        assert all(re.search(kind, password) for kind in ("[a-z]", "[A-Z]", "[0-9]", "-"))


@pytest.mark.parametrize("outputs", [{}, {"UserPoolId": "pool"}])
def test_stack_that_uses_no_pool_is_a_problem_that_says_what_to_do(outputs: dict[str, str]) -> None:
    with pytest.raises(Problem, match="AuthMode=jwt"):
        make_token(Cognito().client, outputs, "ann")
