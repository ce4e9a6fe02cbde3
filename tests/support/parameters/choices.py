"""Parameters that have a choice of values, and the rules that refuse some values together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations, product
from typing import TYPE_CHECKING

from tests.support.template import Node, load, passes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

type Parameters = dict[str, str]
type Choices = Mapping[str, Sequence[str]]

ACCOUNT = "us-east-1:123456789012"
EXAMPLES: Mapping[str, str] = {
    "ApiConcurrency": "600",
    "ProcessorConcurrency": "200",
    "OidcIssuer": "https://login.example.com/",
    "OidcAudience": "images",
    "OidcClientId": "page",
    "UserPoolDomain": "example-images",
    "KeptUserPoolId": "us-east-1_AbCdEfGhI",
    "AddressRateLimit": "1000",
    "DomainName": "images.example.com",
    "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/7fb3",
    "PublicUrl": "https://gateway.example.com/images",
    "CdnCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/9a41",
    "CdnWebAclArn": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/images/5c2e",
    "WebhookUrl": "https://hooks.example.com/images",
    "WebhookSecretArn": f"arn:aws:secretsmanager:{ACCOUNT}:secret:webhooks-AbCdEf",
    "BucketName": "example-images",
    "RecoveryDays": "7",
    "AlarmEmail": "ops@example.com",
    "MonthlyBudget": "50",
    "KeptImagesTableName": "images",
    "KeptImagesStreamArn": f"arn:aws:dynamodb:{ACCOUNT}:table/images/stream/2026-11-27T10:00:00.000",
    "KeptItemsTableName": "items",
    "KeptBucketName": "images-prod-123456789012-us-east-1",
    "LinkSecretArn": f"arn:aws:secretsmanager:{ACCOUNT}:secret:links-AbCdEf",
    "AwsEndpointUrl": "http://localhost:4566",
    "S3PublicUrl": "http://localhost:4566",
}
"""A value of each parameter that can be left empty or 0."""


@dataclass(frozen=True)
class Rule:
    """A rule of the template, as the values that it refuses together."""

    name: str
    message: str
    parameters: tuple[str, ...]
    choices: Choices
    taken: frozenset[tuple[str, ...]]

    def allows(self, chosen: Mapping[str, str]) -> bool:
        """Tell whether the rule can still take these parameters, if others get the right values."""
        return any(
            all(chosen.get(name, value) == value for name, value in zip(self.parameters, values, strict=True))
            for values in self.taken
        )

    def list_refused(self) -> list[dict[str, tuple[str, ...]]]:
        """Return what is refused, whatever the other parameters are: the values of each parameter."""
        found: list[dict[str, tuple[str, ...]]] = []
        for size in range(1, len(self.parameters) + 1):
            found += [
                combination
                for combination in self._list_combinations(size)
                if not any(is_within(combination, other) for other in found)
            ]
        return found

    def _list_combinations(self, size: int) -> Iterator[dict[str, tuple[str, ...]]]:
        for chosen in combinations(self.parameters, size):
            refused = [
                values
                for values in product(*(self.choices[name] for name in chosen))
                if not self.allows(dict(zip(chosen, values, strict=True)))
            ]
            yield from merge(chosen, refused)


def is_within(combination: Mapping[str, tuple[str, ...]], other: Mapping[str, tuple[str, ...]]) -> bool:
    return all(name in combination and {*combination[name]} <= {*other[name]} for name in other)


def merge(names: Sequence[str], refused: Sequence[tuple[str, ...]]) -> Iterator[dict[str, tuple[str, ...]]]:
    """Yield combinations that differ in the values of one parameter as one."""
    rows: list[tuple[tuple[str, ...], ...]] = [tuple((value,) for value in values) for values in refused]
    for index in range(len(names)):
        merged: dict[tuple[tuple[str, ...], ...], tuple[str, ...]] = {}
        for row in rows:
            others = row[:index] + row[index + 1 :]
            merged[others] = merged.get(others, ()) + row[index]
        rows = [(*others[:index], values, *others[index:]) for others, values in merged.items()]
    yield from (dict(zip(names, row, strict=True)) for row in rows)


@cache
def list_choices() -> Choices:
    """Return the values of each parameter that decides something, the default first.

    Texts with a list of allowed values have all of them. What can be empty or 0 has an example, too. Other
    numbers and texts only pass through.
    """
    choices = {}
    for name, parameter in load()["Parameters"].items():
        default = str(parameter["Default"])
        if parameter["Type"] == "String" and "AllowedValues" in parameter:
            choices[name] = [*dict.fromkeys([default, *parameter["AllowedValues"]])]
        elif not default or (default == "0" and name in EXAMPLES):
            choices[name] = [default, EXAMPLES[name]]
    return choices


@cache
def list_rules() -> list[Rule]:
    rules = []
    for name, rule in load()["Rules"].items():
        parameters = tuple(dict.fromkeys(find_parameters(rule)))
        choices = {
            parameter: [*dict.fromkeys([*list_choices()[parameter], *find_literals(rule, parameter)])]
            for parameter in parameters
        }
        taken = frozenset(
            values
            for values in product(*choices.values())
            if passes(rule, **dict(zip(parameters, values, strict=True)))
        )
        rules.append(Rule(name, rule["Assertions"][0]["AssertDescription"], parameters, choices, taken))
    return rules


def find_parameters(value: Node) -> Iterator[str]:
    """Yield the parameters that a part of the template refers to."""
    if isinstance(value, dict) and value.keys() == {"Ref"}:
        yield value["Ref"]
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from find_parameters(part)


def find_literals(value: Node, parameter: str) -> Iterator[str]:
    """Yield the values of a list that a rule looks a parameter up in."""
    match value:
        case {"Fn::Contains": [list(values), {"Ref": str(name)}]} if name == parameter:
            yield from values
        case dict() | list():
            for part in value.values() if isinstance(value, dict) else value:
                yield from find_literals(part, parameter)


def is_taken(parameters: Mapping[str, str]) -> bool:
    """Tell whether every rule of the template takes these parameters."""
    return all(passes(rule, **parameters) for rule in load()["Rules"].values())
