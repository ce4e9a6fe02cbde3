"""The template's user pool and its secret, and the tokens that the API accepts."""

from __future__ import annotations

import pytest

from tests.support.template import Node, get_att, get_properties, load, ref, resolve

ISSUER = {"OidcIssuer": "https://a.example", "OidcAudience": "a"}


def get_variables(**parameters: object) -> dict[str, Node]:
    variables: dict[str, Node] = get_properties("ApiFunction", **parameters)["Environment"]["Variables"]
    return variables


def sub_pool(text: str, pool: Node) -> Node:
    return {"Fn::Sub": [text, {"PoolId": pool}]}


def test_only_admins_make_users_and_their_passwords_are_strong() -> None:
    assert get_properties("OwnUserPool") == {
        "UserPoolName": ref("AWS::StackName"),
        "UsernameConfiguration": {"CaseSensitive": False},
        "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True},
        "Policies": {
            "PasswordPolicy": {
                "MinimumLength": 12,
                "RequireLowercase": True,
                "RequireUppercase": True,
                "RequireNumbers": True,
                "RequireSymbols": True,
            }
        },
        "MfaConfiguration": "OFF",
        "DeletionProtection": "INACTIVE",
    }
    assert get_properties("OwnUserPool", DeletionProtection="enabled")["DeletionProtection"] == "ACTIVE"


@pytest.mark.parametrize("mfa", ["OPTIONAL", "ON"])
def test_second_factor_is_an_authenticator_app_and_never_a_text_message(mfa: str) -> None:
    pool = get_properties("OwnUserPool", UserPoolMfa=mfa)
    assert (pool["MfaConfiguration"], pool["EnabledMfas"]) == (mfa, ["SOFTWARE_TOKEN_MFA"])
    assert {name for name in pool if "Sms" in name or "Email" in name} == set()


def test_tokens_live_an_hour_and_no_password_travels_in_the_clear() -> None:
    assert get_properties("UserPoolClient") == {
        "UserPoolId": ref("OwnUserPool"),
        "ExplicitAuthFlows": [
            "ALLOW_USER_SRP_AUTH",
            "ALLOW_ADMIN_USER_PASSWORD_AUTH",
            "ALLOW_REFRESH_TOKEN_AUTH",
        ],
        "PreventUserExistenceErrors": "ENABLED",
        "AccessTokenValidity": 60,
        "TokenValidityUnits": {"AccessToken": "minutes"},
    }


@pytest.mark.parametrize(
    ("parameters", "pool"),
    [
        ({}, ref("OwnUserPool")),
        ({"KeptUserPoolId": "a_b"}, "a_b"),
        ({"KeptUserPoolId": "a_b", "UserPool": "none"}, "a_b"),
    ],
)
def test_tokens_of_the_own_or_of_the_kept_pool_are_accepted(parameters: dict[str, str], pool: Node) -> None:
    variables = get_variables(**parameters)
    issuer = "https://cognito-idp.${AWS::Region}.${AWS::URLSuffix}/${PoolId}"
    assert variables["OIDC_ISSUER"] == sub_pool(issuer, pool)
    assert (variables["OIDC_AUDIENCE"], variables["OIDC_KEYS_URL"]) == (ref("UserPoolClient"), "")
    assert get_properties("UserPoolClient", **parameters)["UserPoolId"] == pool


def test_tokens_of_another_issuer_need_its_audience_and_no_url_of_keys() -> None:
    variables = get_variables(**ISSUER)
    assert (variables["OIDC_ISSUER"], variables["OIDC_AUDIENCE"]) == ("https://a.example", "a")
    assert variables["OIDC_KEYS_URL"] == ""


def test_keys_of_the_emulated_pool_are_where_the_emulator_serves_them() -> None:
    emulated = get_variables(Environment="local", S3PublicUrl="http://localhost:4566")
    assert emulated["OIDC_KEYS_URL"] == sub_pool(
        "${S3PublicUrl}/${PoolId}/.well-known/jwks.json", ref("OwnUserPool")
    )


def test_secret_of_links_is_long_and_is_the_one_that_the_api_reads() -> None:
    secret = get_properties("LinkSecret")
    assert secret["GenerateSecretString"] == {"PasswordLength": 64, "ExcludePunctuation": True}
    assert get_variables()["LINK_SECRET"] == get_att("LinkSecret", "Id")
    assert resolve(load()["Outputs"]["LinkSecretArn"]["Value"]) == get_att("LinkSecret", "Id")
    kept = "arn:kept"
    assert get_variables(LinkSecretArn=kept)["LINK_SECRET"] == kept
