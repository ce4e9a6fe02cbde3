"""The template as CloudFormation reads it: with parameters, and with conditions that hold or do not."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from typing import Any

from local.layout import ROOT
from local.template import read_template

NO_VALUE = {"Ref": "AWS::NoValue"}

type Node = Any
"""A part of the template: anything that YAML can hold."""


@cache
def load() -> Node:
    """Read the template once. Nobody changes it."""
    return read_template()


def get_resources(kind: str) -> dict[str, Node]:
    """Return all resources of a type, by their names."""
    resources: dict[str, Node] = load()["Resources"]
    return {name: resource for name, resource in resources.items() if resource["Type"] == kind}


def get_properties(name: str, **parameters: object) -> Node:
    """Return the properties of a resource, as they are with these parameters."""
    return resolve(load()["Resources"][name]["Properties"], **parameters)


def resolve(value: Node, **parameters: object) -> Node:
    """Replace parameters by their values, and each `If` by the branch that is taken.

    References to resources stay as they are. What is `AWS::NoValue` is left out.
    """
    if isinstance(value, list):
        parts = [resolve(part, **parameters) for part in value]
        return [part for part in parts if part != NO_VALUE]
    if not isinstance(value, dict):
        return value
    match value:
        case {"Ref": str(name)} if name in load()["Parameters"]:
            return parameters.get(name, load()["Parameters"][name]["Default"])
        case {"Fn::If": [name, yes, no]}:
            return resolve(yes if holds(name, **parameters) else no, **parameters)
        case {"Fn::Join": [separator, parts]}:
            joined = resolve(parts, **parameters)
            return joined if isinstance(joined, str) else separator.join(joined)
    resolved = {name: resolve(part, **parameters) for name, part in value.items()}
    return {name: part for name, part in resolved.items() if part != NO_VALUE}


def holds(condition: Node, **parameters: object) -> bool:
    """Tell whether a condition holds: one of the template by its name, or a function."""
    if isinstance(condition, str):
        return holds(load()["Conditions"][condition], **parameters)
    ((function, argument),) = condition.items()
    match function:
        case "Condition":
            return holds(argument, **parameters)
        case "Fn::Equals" | "Fn::Contains":
            left, right = resolve(argument, **parameters)
            # CloudFormation compares texts.
            return str(left) == str(right) if function == "Fn::Equals" else str(right) in left
        case "Fn::Not":
            return not holds(*argument, **parameters)
        case "Fn::And":
            return all(holds(part, **parameters) for part in argument)
        case "Fn::Or":
            return any(holds(part, **parameters) for part in argument)
        case _:
            raise NotImplementedError(function)


def passes(rule: Node, **parameters: object) -> bool:
    """Tell whether a rule takes these parameters."""
    applies = holds(rule["RuleCondition"], **parameters) if "RuleCondition" in rule else True
    return not applies or all(holds(part["Assert"], **parameters) for part in rule["Assertions"])


def get_att(resource: str, attribute: str = "Arn") -> Node:
    """The long form of `!GetAtt`."""
    return {"Fn::GetAtt": [resource, attribute]}


def ref(name: str) -> Node:
    """The long form of `!Ref`."""
    return {"Ref": name}


def sub(text: str) -> Node:
    """The long form of `!Sub`."""
    return {"Fn::Sub": text}


def list_configured_parameters() -> list[dict[str, str]]:
    """Return the parameters of each deployment in samconfig.toml and in the examples of the documents."""
    documents = [path.read_text() for path in sorted(ROOT.glob("docs/*.md"))]
    examples = [block for text in documents for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL)]
    return [
        dict(pair.split("=", 1) for pair in section["deploy"]["parameters"]["parameter_overrides"])
        for text in [(ROOT / "samconfig.toml").read_text(), *examples]
        for section in tomllib.loads(text).values()
        if isinstance(section, dict)
        and "parameter_overrides" in section.get("deploy", {}).get("parameters", {})
    ]
