"""Reads template.yaml. CloudFormation's short tags become long functions: `!Ref X` becomes {"Ref": "X"}."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from local.layout import TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Mapping

UNPREFIXED = {"Ref", "Condition"}


class _Loader(yaml.CSafeLoader):
    """A YAML loader that knows the tags of CloudFormation."""


def _construct(loader: _Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    value: Any = None
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if name == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    return {name if name in UNPREFIXED else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _construct)


def read_template() -> dict[str, Any]:
    template: dict[str, Any] = yaml.load(TEMPLATE.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - it is a SafeLoader
    return template


def stamp_parameters(built: str, parameters: Mapping[str, str]) -> str:
    """Let a built template name its parameters in the description of the API's function.

    SAM publishes a version if the function changes in the template, and sees no values of parameters.
    Without this, a deployment that changes only parameters would leave the API as it was.
    """
    function = read_template()["Resources"]["ApiFunction"]["Properties"]
    described = f"Description: {function['Description']}"
    if built.count(described) != 1:
        raise ValueError("the built template does not describe the function of the API once")
    text = json.dumps(dict(parameters), sort_keys=True)
    return built.replace(
        described, f"{described} Parameters {hashlib.sha256(text.encode()).hexdigest()[:12]}."
    )


@dataclass(frozen=True)
class GatewayResponse:
    """A response that API Gateway makes itself, without calling the function."""

    status: int
    headers: Mapping[str, str]
    body: str

    def render(self) -> bytes:
        return self.body.replace("$context.requestId", str(uuid.uuid4())).encode()


def read_gateway_responses() -> dict[str, GatewayResponse]:
    """Return API Gateway's own responses, by their names in the template."""
    responses = read_template()["Resources"]["Api"]["Properties"]["GatewayResponses"]
    return {
        name: GatewayResponse(
            status=int(response["StatusCode"]),
            headers={
                header: value.strip("'")
                for header, value in response["ResponseParameters"]["Headers"].items()
            },
            body=json.dumps(json.loads(response["ResponseTemplates"]["application/json"])),
        )
        for name, response in responses.items()
    }
