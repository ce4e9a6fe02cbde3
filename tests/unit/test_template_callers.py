"""The template's user pool and its secret, and the tokens that the API accepts."""

from __future__ import annotations

import pytest

from tests.support.template import Node, get_att, get_properties, load, ref, resolve, sub

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
    assert (variables["OIDC_AUDIENCE"], variables["OIDC_DISCOVERY_URL"]) == (ref("UserPoolClient"), "")
    assert get_properties("UserPoolClient", **parameters)["UserPoolId"] == pool


def test_tokens_of_another_issuer_need_its_audience_and_no_url_of_its_document() -> None:
    variables = get_variables(**ISSUER)
    assert (variables["OIDC_ISSUER"], variables["OIDC_AUDIENCE"]) == ("https://a.example", "a")
    assert variables["OIDC_DISCOVERY_URL"] == ""


def test_document_of_the_emulated_pool_is_where_the_emulator_serves_it() -> None:
    emulated = get_variables(Environment="local", S3PublicUrl="http://localhost:4566")
    assert emulated["OIDC_DISCOVERY_URL"] == sub_pool(
        "${S3PublicUrl}/${PoolId}/.well-known/openid-configuration", ref("OwnUserPool")
    )


@pytest.mark.parametrize(
    ("parameters", "address"),
    [
        ({}, sub("https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${Environment}/")),
        ({"Cdn": "enabled"}, sub("https://${Distribution.DomainName}/")),
        ({"DomainName": "a.example"}, sub("https://${DomainName}/")),
        ({"DomainName": "a.example", "Cdn": "enabled"}, sub("https://${DomainName}/")),
        ({"DomainName": "a.example", "PublicUrl": "https://b.example"}, sub("${PublicUrl}/")),
    ],
)
def test_people_come_back_to_the_address_that_they_use(parameters: dict[str, str], address: Node) -> None:
    assert get_properties("PageUrl", **parameters)["Value"] == address


def test_page_has_a_public_client_that_knows_codes_alone() -> None:
    assert get_properties("PageClient") == {
        "UserPoolId": ref("OwnUserPool"),
        "GenerateSecret": False,
        "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"],
        "SupportedIdentityProviders": ["COGNITO"],
        "AllowedOAuthFlowsUserPoolClient": True,
        "AllowedOAuthFlows": ["code"],
        "AllowedOAuthScopes": ["openid"],
        "CallbackURLs": [get_att("PageUrl", "Value")],
        "LogoutURLs": [get_att("PageUrl", "Value")],
        "PreventUserExistenceErrors": "ENABLED",
        "EnableTokenRevocation": True,
        "AccessTokenValidity": 60,
        "RefreshTokenValidity": 12,
        "TokenValidityUnits": {"AccessToken": "minutes", "RefreshToken": "hours"},
    }


def test_api_reads_the_client_of_the_page_by_a_name_that_refers_to_nothing() -> None:
    parameter = get_properties("PageClientParameter")
    assert parameter["Value"] == ref("PageClient")
    assert get_variables()["PAGE_CLIENT_PARAMETER"] == parameter["Name"]
    assert "PageClient" not in str(get_variables())


@pytest.mark.parametrize("parameters", [{"AuthMode": "open"}, {"WebPage": "disabled"}, ISSUER])
def test_pool_that_nobody_signs_in_to_on_the_page_has_no_client_for_it(parameters: dict[str, str]) -> None:
    assert get_variables(**parameters)["PAGE_CLIENT_PARAMETER"] == ""


def test_people_of_another_issuer_sign_in_with_its_client_and_scopes() -> None:
    chosen = {"OidcClientId": "page", "OidcScopes": ["openid", "email"]}
    variables = get_variables(**ISSUER, **chosen)
    assert (variables["OIDC_CLIENT_ID"], variables["OIDC_SCOPES"]) == ("page", "openid email")
    variables = get_variables(**chosen)
    assert (variables["OIDC_CLIENT_ID"], variables["OIDC_SCOPES"]) == ("", "openid")


@pytest.mark.parametrize(
    ("parameters", "pool", "domain"),
    [
        ({}, ref("OwnUserPool"), sub("${AWS::StackName}-${AWS::AccountId}")),
        ({"UserPoolDomain": "a"}, ref("OwnUserPool"), "a"),
        ({"UserPoolDomain": "a", "KeptUserPoolId": "a_b"}, "a_b", "a"),
    ],
)
def test_pool_has_a_domain_for_its_sign_in_page(parameters: dict[str, str], pool: Node, domain: Node) -> None:
    assert get_properties("UserPoolSignInPage", **parameters) == {
        "UserPoolId": pool,
        "Domain": domain,
        "ManagedLoginVersion": 1,
    }


def test_secret_of_links_is_long_and_is_the_one_that_the_api_reads() -> None:
    secret = get_properties("LinkSecret")
    assert secret["GenerateSecretString"] == {"PasswordLength": 64, "ExcludePunctuation": True}
    assert get_variables()["LINK_SECRET"] == get_att("LinkSecret", "Id")
    assert resolve(load()["Outputs"]["LinkSecretArn"]["Value"]) == get_att("LinkSecret", "Id")
    kept = "arn:kept"
    assert get_variables(LinkSecretArn=kept)["LINK_SECRET"] == kept
