"""The tables of docs/parameter-sets.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.markdown import format_table
from tests.support.parameters.choices import list_choices, list_rules
from tests.support.parameters.emulation import is_emulated, list_left_out
from tests.support.parameters.named import NAMED
from tests.support.parameters.pairs import cover_template, list_pairs
from tests.support.template import load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.support.parameters.choices import Parameters


ON_AWS, WITHOUT_CDN = {"Environment": "dev"}, {"Cdn": "disabled"}
IDLE: Sequence[tuple[Sequence[str], Sequence[Parameters]]] = [
    (["CertificateArn"], [{"DomainName": ""}, {"Cdn": "enabled"} | ON_AWS]),
    (["CdnCertificateArn"], [{"DomainName": ""}, WITHOUT_CDN]),
    (["CdnWebAclArn", "CdnPriceClass", "CdnInvalidationPaths"], [WITHOUT_CDN]),
    (["OidcAudience", "OidcClientId", "OidcScopes"], [{"OidcIssuer": ""}]),
    (["UserPoolDomain"], [{"AuthMode": "open"}, {"WebPage": "disabled"}]),
    (["WebhookSecretArn"], [{"WebhookUrl": ""}]),
    (["AlarmEmail", "AddressRateLimit"], [{"Environment": "local"}]),
]
"""Parameters that do nothing, and other parameters with which they do nothing."""


def make_idle() -> str:
    rows = [
        (
            ", ".join(f"`{name}`" for name in names),
            "; ".join(
                " and ".join(describe(name, (value,)) for name, value in each.items()) for each in contexts
            ),
        )
        for names, contexts in IDLE
    ]
    return format_table(("Parameter", "Does nothing with"), rows)


def make_parameter_sets() -> str:
    left_out = list_left_out([each.parameters for each in NAMED])
    rows = [
        (
            f"`{each.name}`",
            each.audience,
            "<br>".join(describe(name, (value,)) for name, value in each.parameters.items()),
            describe_deployed(missing),
        )
        for each, missing in zip(NAMED, left_out, strict=True)
    ]
    return format_table(("Set", "For whom", "Parameters", "Deployed by a test"), rows)


def describe_deployed(left_out: Mapping[str, Mapping[str, str]]) -> str:
    if not left_out:
        return "whole"
    lacking = {
        "alarms with expressions" if resource["Type"].endswith("::Alarm") else f"`{resource['Type']}`"
        for resource in left_out.values()
        if not is_emulated(resource)
    }
    noun = "resource" if len(left_out) == 1 else "resources"
    return f"all but {len(left_out)} {noun}; lacking: {join(sorted(lacking), 'and')}"


def make_refused() -> str:
    rows = [
        (
            "<br>".join(describe(name, values) for name, values in refused.items()),
            rule.message,
            f"`{rule.name}`",
        )
        for rule in list_rules()
        for refused in rule.list_refused()
    ]
    return format_table(("Refused together", "What CloudFormation says", "Rule"), rows)


def make_pairs() -> str:
    cover = cover_template()
    rows = [
        ("Parameters that decide something", len(list_choices())),
        ("Pairs of values of two of them", len(list(list_pairs(list_choices())))),
        ("Pairs that the rules refuse", len(cover.impossible)),
        ("Sets that hold all other pairs", len(cover.sets)),
    ]
    return format_table(("Figure", "Number"), [(name, f"{count:,}") for name, count in rows])


def describe(name: str, values: Sequence[str]) -> str:
    """Describe what a parameter is. Names and addresses are examples, so they are left out."""
    if values == ("",):
        return f"`{name}` empty"
    if "AllowedValues" not in load()["Parameters"][name] and not any(value.isdigit() for value in values):
        return f"`{name}` set"
    return join([f"`{name}={values[0]}`", *(f"`{value}`" for value in values[1:])], "or")


def join(texts: Sequence[str], word: str) -> str:
    *others, last = texts
    return f"{', '.join(others)} {word} {last}" if others else last


PURE_TABLES: Mapping[str, Callable[[], str]] = {
    "refused": make_refused,
    "idle": make_idle,
    "pairs": make_pairs,
}
TRANSLATED_TABLES: Mapping[str, Callable[[], str]] = {"parameter_sets": make_parameter_sets}
"""They need the SAM translator and the emulator."""
