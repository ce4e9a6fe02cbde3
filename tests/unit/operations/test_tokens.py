from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from local.console import Problem
from operations.tokens import MADE_HERE, make_password, make_token
from tests.support.template import load

if TYPE_CHECKING:
    from collections.abc import Callable

OUTPUTS = {"UserPoolId": "pool", "UserPoolClientId": "client", "AdminGroupName": "editors"}


class UsernameExistsException(Exception):
    """The user pool has the user already."""


class GroupExistsException(Exception):
    """The user pool has the group already."""


@dataclass
class Cognito:
    """A user pool that remembers what was asked of it."""

    users: dict[str, list[str]] = field(default_factory=dict)
    """The groups of each user."""
    groups: set[str] = field(default_factory=set)
    passwords: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    """Of every user, as users may set them."""
    mfa: str = "OFF"
    challenge: str = ""
    exceptions = SimpleNamespace(
        UsernameExistsException=UsernameExistsException, GroupExistsException=GroupExistsException
    )

    def client(self, service: str) -> Cognito:
        assert service == "cognito-idp"
        return self

    def describe_user_pool(self, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - of boto3
        assert options == {"UserPoolId": "pool"}
        return {"UserPool": {"MfaConfiguration": self.mfa}}

    def admin_create_user(self, **options: Any) -> None:  # noqa: ANN401 - of boto3
        assert (options["UserPoolId"], options["MessageAction"]) == ("pool", "SUPPRESS")
        if options["Username"] in self.users:
            raise UsernameExistsException
        self.users[options["Username"]] = []

    def admin_set_user_password(self, **options: Any) -> None:  # noqa: ANN401 - of boto3
        assert (options["UserPoolId"], options["Permanent"]) == ("pool", True)
        self.passwords[options["Username"]] = options["Password"]

    def create_group(self, **options: Any) -> None:  # noqa: ANN401 - of boto3
        assert options["UserPoolId"] == "pool"
        if options["GroupName"] in self.groups:
            raise GroupExistsException
        self.groups.add(options["GroupName"])

    def admin_add_user_to_group(self, **options: Any) -> None:  # noqa: ANN401 - of boto3
        assert options["UserPoolId"] == "pool"
        assert options["GroupName"] in self.groups
        self.users[options["Username"]].append(options["GroupName"])

    def get_paginator(self, name: str) -> Cognito:
        assert name == "admin_list_groups_for_user"
        return self

    def paginate(self, **options: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - of boto3
        """List the groups of a user, one on each page."""
        assert options["UserPoolId"] == "pool"
        return [{"Groups": [{"GroupName": name}]} for name in self.users[options["Username"]]] + [
            {"Groups": []}
        ]

    def admin_initiate_auth(self, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - of boto3
        assert (options["UserPoolId"], options["ClientId"]) == ("pool", "client")
        assert options["AuthFlow"] == "ADMIN_USER_PASSWORD_AUTH"
        user = options["AuthParameters"]["USERNAME"]
        assert options["AuthParameters"]["PASSWORD"] == self.passwords[user]
        if self.challenge:
            return {"ChallengeName": self.challenge}
        return {"AuthenticationResult": {"AccessToken": f"token of {user}"}}


def test_token_is_that_of_the_user_who_is_made_if_needed() -> None:
    cognito = Cognito()
    for _ in range(2):
        assert make_token(cognito.client, OUTPUTS, "ann") == "token of ann"
        assert cognito.users == {"ann": [MADE_HERE]}


@pytest.mark.parametrize("groups", [set[str](), {"editors", MADE_HERE}])
def test_admin_joins_the_group_of_admins_which_is_made_if_needed(groups: set[str]) -> None:
    cognito = Cognito(groups=groups)
    make_token(cognito.client, OUTPUTS, "root", is_admin=True)
    assert cognito.users == {"root": [MADE_HERE, "editors"]}
    assert cognito.groups == {MADE_HERE, "editors"}


@pytest.mark.parametrize("is_admin", [False, True])
@pytest.mark.parametrize(
    "groups", [[], ["editors"], ["operations"], ["operations/token2", "Operations/Token"]]
)
def test_user_whom_somebody_else_made_keeps_password_and_groups(groups: list[str], is_admin: bool) -> None:
    cognito = Cognito({"ann": [*groups]}, attributes={"profile": MADE_HERE, "preferred_username": MADE_HERE})
    with pytest.raises(Problem, match=r"^make token did not make the user ann, [^\n]*$"):
        make_token(cognito.client, OUTPUTS, "ann", is_admin=is_admin)
    assert (cognito.users, cognito.passwords, cognito.groups) == ({"ann": groups}, {}, set())


def test_group_of_the_users_made_here_can_not_be_the_group_of_admins() -> None:
    assert not re.search(load()["Parameters"]["AdminGroup"]["AllowedPattern"], MADE_HERE)


@pytest.mark.parametrize("user", ["", " ", "a b", "a\n", "x" * 129])
def test_user_without_a_proper_name_is_one_line_that_says_what_to_do(user: str) -> None:
    cognito = Cognito()
    with pytest.raises(Problem, match=r"^[^\n]* make token USER=alice$"):
        make_token(cognito.client, OUTPUTS, user)
    assert cognito == Cognito()


def test_pool_that_demands_a_second_factor_is_a_problem_before_anything_is_made() -> None:
    cognito = Cognito(mfa="ON")
    with pytest.raises(Problem, match="UserPoolMfa=ON"):
        make_token(cognito.client, OUTPUTS, "ann")
    assert cognito == Cognito(mfa="ON")


def test_user_with_a_second_factor_is_a_problem() -> None:
    cognito = Cognito(mfa="OPTIONAL", challenge="SOFTWARE_TOKEN_MFA")
    with pytest.raises(Problem, match=r"^ann has a second factor, .*\(SOFTWARE_TOKEN_MFA\)$"):
        make_token(cognito.client, OUTPUTS, "ann")


@pytest.mark.parametrize("mfa", ["OFF", "ON"])
def test_password_is_that_of_the_user_who_is_made_if_needed(mfa: str) -> None:
    cognito = Cognito(mfa=mfa)
    for _ in range(2):
        assert make_password(cognito.client, OUTPUTS, "ann") == cognito.passwords["ann"]
        assert cognito.users == {"ann": [MADE_HERE]}


def test_password_of_a_user_whom_somebody_else_made_stays() -> None:
    cognito = Cognito({"ann": ["editors"]})
    with pytest.raises(Problem, match="did not make the user ann"):
        make_password(cognito.client, OUTPUTS, "ann")
    assert (cognito.users, cognito.passwords) == ({"ann": ["editors"]}, {})


@pytest.mark.parametrize("make", [make_token, make_password])
def test_password_keeps_to_the_policy_and_is_never_the_same(make: Callable[..., str]) -> None:
    cognito = Cognito()
    passwords = set()
    for _ in range(3):
        make(cognito.client, OUTPUTS, "ann")
        passwords.add(cognito.passwords["ann"])
    assert len(passwords) == 3
    for password in passwords:
        assert len(password) >= 30
        assert all(re.search(kind, password) for kind in ("[a-z]", "[A-Z]", "[0-9]", "-"))


@pytest.mark.parametrize("make", [make_token, make_password])
@pytest.mark.parametrize("outputs", [{}, {"UserPoolId": "pool"}])
def test_stack_that_uses_no_pool_is_a_problem_that_says_what_to_do(
    make: Callable[..., str], outputs: dict[str, str]
) -> None:
    with pytest.raises(Problem, match="AuthMode=jwt"):
        make(Cognito().client, outputs, "ann")
