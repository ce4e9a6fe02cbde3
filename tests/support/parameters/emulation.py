"""The resources of a set of parameters that the emulated AWS makes, and those that it lacks."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from typing import TYPE_CHECKING, Any

from local.deployment import read_parameters
from local.layout import MINISTACK_PYTHON
from tests.support.parameters.translation import find_needed, settle, translate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.support.parameters.choices import Parameters

LIST_TYPES = """
import json
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS
print(json.dumps([*_RESOURCE_HANDLERS]))
"""
NEEDS_TLS = "aws:SecureTransport"
"""The condition of the policies that refuse plain HTTP, which is all that the emulated AWS speaks."""
PLACES = ("DomainName", "PublicUrl", "S3PublicUrl")
"""Parameters that say where a stack is. On this machine they are those of the stack of `make start`."""


@cache
def list_emulated_types() -> frozenset[str]:
    """Return the types of resources that the emulated CloudFormation makes."""
    # The emulator warns on stdout that it has no state yet.
    ran = subprocess.run([MINISTACK_PYTHON, "-c", LIST_TYPES], capture_output=True, text=True, check=True)  # noqa: S603 - our own
    return frozenset(json.loads(ran.stdout.splitlines()[-1]))


def is_emulated(resource: Mapping[str, Any]) -> bool:
    """Tell whether the emulated CloudFormation can make a resource."""
    if resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]:
        return False  # an expression
    return resource["Type"] in list_emulated_types()


def localize(parameters: Mapping[str, str]) -> Parameters:
    """Return a set of parameters as it is deployed on this machine."""
    places = {name: value for name, value in read_parameters().items() if name in PLACES}
    if parameters.get("Cdn") == "enabled":
        del places["PublicUrl"]  # clients come through the CDN
    return {**parameters, "Environment": "local", "Deployment": "at-once", **places}


def list_left_out(sets: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Return for each set the resources that it has on AWS, and not on this machine.

    Policies that demand TLS are not among them. No set has them on this machine.
    """
    there, here = list_resources(sets), list_resources([localize(each) for each in sets])
    return [
        {
            name: resource
            for name, resource in whole.items()
            if name not in part and not is_renamed(name) and NEEDS_TLS not in json.dumps(resource)
        }
        for whole, part in zip(there, here, strict=True)
    ]


def is_renamed(name: str) -> bool:
    """Tell whether SAM names a resource after a digest of its content."""
    return name.startswith(("ApiDeployment", "ApiFunctionVersion"))


def list_resources(sets: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Return the resources that CloudFormation makes with each set of parameters."""
    return [settle(template, each)["Resources"] for each, template in zip(sets, translate(sets), strict=True)]


def find_reasons(left_out: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return what the emulator cannot make, of that which each resource left out hangs together with."""
    neighbours: dict[str, set[str]] = {name: set() for name in left_out}
    for name, resource in left_out.items():
        for other in find_needed(resource, {}) & left_out.keys():
            neighbours[name].add(other)
            neighbours[other].add(name)

    def walk(name: str, seen: set[str]) -> set[str]:
        if name not in seen:
            seen.add(name)
            for other in neighbours[name]:
                walk(other, seen)
        return seen

    return {
        name: {other for other in walk(name, set()) if not is_emulated(left_out[other])} for name in left_out
    }
