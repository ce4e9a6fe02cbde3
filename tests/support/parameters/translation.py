"""The template as SAM's translator expands it, and as CloudFormation makes it with a set of parameters."""

from __future__ import annotations

import copy
import json
import re
import subprocess
from functools import cache
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

import pytest

from local.layout import ENVIRONMENTS
from tests.support.template import Node, holds, load, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SAM_PYTHON = ENVIRONMENTS / "sam" / "bin" / "python"
# The environment of the tests cannot hold the translator, which needs an older pydantic.
EXPAND = """
import copy, json, sys
from samtranslator.translator.transform import transform

class Policies:
    def load(self):
        return {}

template, sets = json.load(sys.stdin)
json.dump([transform(copy.deepcopy(template), parameters, Policies()) for parameters in sets], sys.stdout)
"""


def translate(sets: Sequence[Mapping[str, str]]) -> list[Node]:
    """Expand the template once for each set of parameters. Nobody changes what is returned."""
    return _translate(json.dumps([dict(each) for each in sets]))


@cache
def _translate(sets: str) -> list[Node]:
    if not SAM_PYTHON.exists():
        pytest.skip("the SAM translator is not installed; run make test")
    template = copy.deepcopy(load())
    template["Globals"]["Function"]["CodeUri"] = "s3://bucket/code.zip"
    ran = subprocess.run(  # noqa: S603 - our own
        [SAM_PYTHON, "-c", EXPAND],
        input=json.dumps([template, json.loads(sets)]),
        env={"AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    expanded: list[Node] = json.loads(ran.stdout)
    return expanded


def find_made(template: Node, kind: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return the resources or the outputs that a set of parameters makes."""
    return {
        name: part
        for name, part in template[kind].items()
        if "Condition" not in part or holds(part["Condition"], **parameters)
    }


def settle(template: Node, parameters: Mapping[str, str]) -> Node:
    """Return what CloudFormation makes of an expanded template: no parameters and no conditions are left."""
    values = {
        name: convert(parameters.get(name, parameter["Default"]), parameter["Type"])
        for name, parameter in load()["Parameters"].items()
    }
    settled = {"AWSTemplateFormatVersion": template["AWSTemplateFormatVersion"]}
    for kind in ("Resources", "Outputs"):
        made = find_made(template, kind, parameters)
        settled[kind] = {
            name: {key: fill_in(resolve(part[key], **values), values) for key in part if key != "Condition"}
            for name, part in made.items()
        }
    return settled


def convert(value: object, kind: str) -> Any:  # noqa: ANN401 - of any type that a parameter can have
    if kind == "CommaDelimitedList":
        return str(value).split(",")
    return int(str(value)) if kind == "Number" else str(value)


def fill_in(value: Node, values: Mapping[str, Any]) -> Node:
    """Put the values of parameters into texts."""
    if isinstance(value, list):
        return [fill_in(part, values) for part in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"Fn::Sub": str(text)}:
            return substitute(text, values)
        case {"Fn::Sub": [str(text), dict(variables)]}:
            return {"Fn::Sub": [substitute(text, values)["Fn::Sub"], fill_in(variables, values)]}
    return {name: fill_in(part, values) for name, part in value.items()}


def substitute(text: str, values: Mapping[str, Any]) -> Node:
    filled = re.sub(r"\$\{(\w+)\}", lambda name: str(values.get(name[1], name[0])), text)
    return {"Fn::Sub": filled} if re.search(r"\$\{[^!]", filled) else filled.replace("${!", "${")


def find_references(value: Node) -> Iterator[str]:
    """Yield the names that a value refers to: those of resources and of parameters."""
    if isinstance(value, list):
        for part in value:
            yield from find_references(part)
    if not isinstance(value, dict):
        return
    match value:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": [str(name), *_]}:
            yield name
        case {"Fn::GetAtt": str(name)}:
            yield name.split(".")[0]
        case {"Fn::Sub": str(text)}:
            yield from find_names(text)
        case {"Fn::Sub": [str(text), dict(variables)]}:
            yield from (name for name in find_names(text) if name not in variables)
            yield from find_references(list(variables.values()))
        case _:
            yield from find_references(list(value.values()))


def find_names(text: str) -> Iterator[str]:
    yield from (name.split(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", text))


def find_needed(part: Node, parameters: Mapping[str, str]) -> set[str]:
    """Return the names that a resource or an output refers to, or waits for."""
    depends_on = part.get("DependsOn", [])
    needed = {*([depends_on] if isinstance(depends_on, str) else depends_on)}
    needed |= {*find_references(resolve(part.get("Properties") or part.get("Value"), **parameters))}
    return {name for name in needed if not name.startswith("AWS::")}


def find_faults(template: Node, parameters: Mapping[str, str]) -> list[str]:
    """Return a message for each reference to something that is not made, and for a circle."""
    made = find_made(template, "Resources", parameters)
    known = made.keys() | load()["Parameters"].keys()
    graph: dict[str, set[str]] = {}
    faults = []
    for name, part in [*made.items(), *find_made(template, "Outputs", parameters).items()]:
        needed = find_needed(part, parameters)
        faults += [f"{name} needs {other}, which is not made" for other in sorted(needed - known)]
        graph[name] = needed & made.keys()
    try:
        TopologicalSorter({name: graph[name] for name in made}).prepare()
    except CycleError as error:
        faults.append(f"circle: {' '.join(error.args[1])}")
    return faults
