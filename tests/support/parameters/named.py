"""The sets of parameters that are supported by name: what teams really deploy."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.layout import ROOT
from tests.support.parameters.choices import EXAMPLES, list_choices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.parameters.choices import Parameters

PROTECTED = {"DeletionProtection": "enabled"}
"""`make deploy` adds it after the first success in prod."""


@dataclass(frozen=True)
class ParameterSet:
    """A set of parameters, and whom it is for."""

    name: str
    audience: str
    parameters: Mapping[str, str]


def read_environment(name: str) -> Parameters:
    """Return the parameters of an environment in samconfig.toml."""
    config = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    pairs = config[name]["deploy"]["parameters"]["parameter_overrides"]
    return dict(pair.split("=", 1) for pair in pairs)


def pick(*names: str) -> Parameters:
    """Return the examples of these parameters."""
    return {name: EXAMPLES[name] for name in names}


def switch(value: str) -> Parameters:
    """Return this value for every parameter that can be switched on and off."""
    return {name: value for name, values in list_choices().items() if {"enabled", "disabled"} <= {*values}}


ISSUER = pick("OidcIssuer", "OidcAudience")
DOMAIN_OF_CDN = {"Cdn": "enabled"} | pick("DomainName", "CdnCertificateArn")
TOLD = {"EventBus": "own"} | pick("WebhookUrl")
WATCHED = {"Metrics": "enabled", "Tracing": "enabled", "Dashboard": "enabled"} | pick("AlarmEmail")
RELEASED = {"Deployment": "canary", "SnapStart": "enabled"}
KEPT = pick(
    "KeptImagesTableName", "KeptImagesStreamArn", "KeptItemsTableName", "KeptBucketName", "LinkSecretArn"
)

NAMED = [
    ParameterSet(
        "local", "You run the service on your machine with `make start`.", read_environment("local")
    ),
    ParameterSet("dev", "You try the service on AWS. All else is the default.", read_environment("dev")),
    ParameterSet(
        "prod", "You serve real users, as `samconfig.toml` has it.", read_environment("prod") | PROTECTED
    ),
    ParameterSet(
        "cheapest",
        "You have a hobby project. It costs only what you use.",
        {"Architecture": "arm64", "LogRetentionDays": "3", "LogLevel": "WARNING", "Metrics": "disabled"},
    ),
    ParameterSet("arm64", "You want cheaper executions, and nothing else.", {"Architecture": "arm64"}),
    ParameterSet(
        "domain",
        "You have a domain, and no CDN.",
        {"Environment": "prod"} | pick("DomainName", "CertificateArn"),
    ),
    ParameterSet(
        "address-limit",
        "You have a public site without a CDN, and one address must not use it up.",
        {"Environment": "prod"} | pick("AddressRateLimit", "DomainName", "CertificateArn"),
    ),
    ParameterSet(
        "cdn", "You want fast pictures everywhere, without a domain of your own.", {"Cdn": "enabled"}
    ),
    ParameterSet(
        "cdn-domain",
        "You want a CDN with your domain. What becomes private leaves it within minutes.",
        {"Environment": "prod", "CdnInvalidation": "enabled"} | DOMAIN_OF_CDN,
    ),
    ParameterSet(
        "cdn-web-acl",
        "You want that, and rules of AWS WAF in front of the CDN.",
        {"Environment": "prod"} | DOMAIN_OF_CDN | pick("CdnWebAclArn"),
    ),
    ParameterSet(
        "api-only",
        "Your programs call the API. Others of your services follow the events.",
        {"WebPage": "disabled", "ApiDocs": "disabled", "LegacyUpload": "disabled", "EventBus": "default"},
    ),
    ParameterSet(
        "behind-gateway",
        "Your gateway authenticates people, and sets `X-User-Id` itself.",
        {"AuthMode": "open", "UserPool": "none", "WebPage": "disabled"} | pick("PublicUrl"),
    ),
    ParameterSet(
        "own-issuer",
        "You have an OpenID Connect issuer, or your region has no Cognito, as in China.",
        {"Environment": "prod", "UserPool": "none"} | ISSUER,
    ),
    ParameterSet(
        "own-issuer-page",
        "People sign in on the web page at your issuer.",
        {"UserPool": "none", "OidcScopes": "openid,email"} | ISSUER | pick("OidcClientId"),
    ),
    ParameterSet(
        "second-factor",
        "Everyone of your company needs an authenticator app.",
        {"Environment": "prod", "UserPoolMfa": "ON"} | pick("UserPoolDomain"),
    ),
    ParameterSet("kept-pool", "Your users are in a user pool that you have.", pick("KeptUserPoolId")),
    ParameterSet(
        "kept-data",
        "You lost the stack, and come back to its data ([recovery.md](recovery.md)).",
        {"Environment": "prod"} | KEPT | pick("KeptUserPoolId"),
    ),
    ParameterSet(
        "careful-releases",
        "A bad release must roll itself back.",
        {"Environment": "prod"} | RELEASED | pick("AlarmEmail"),
    ),
    ParameterSet(
        "told",
        "Others must know what happens, and you may need deleted bytes back.",
        TOLD | pick("RecoveryDays"),
    ),
    ParameterSet(
        "watched",
        "You are on call.",
        {"Environment": "prod", "AccessLogs": "enabled"} | WATCHED | pick("MonthlyBudget"),
    ),
    ParameterSet(
        "everything-on",
        "You want all that there is.",
        {"Environment": "prod", "UserPoolMfa": "OPTIONAL", **switch("enabled"), **RELEASED, **TOLD}
        | DOMAIN_OF_CDN
        | pick("CdnWebAclArn", "AlarmEmail", "MonthlyBudget", "RecoveryDays", "WebhookSecretArn"),
    ),
    ParameterSet(
        "everything-off",
        "You want the bare API with the tokens of your issuer.",
        {"Environment": "prod", "UserPool": "none", "EventBus": "none", **switch("disabled")} | ISSUER,
    ),
]
