"""The commands of the AWS CLI that the documents use, for machines that have none.

`python -m tests.support.aws_cli sqs create-queue --queue-name a --query QueueUrl --output text`
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import jmespath
from botocore import xform_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from botocore.model import Shape

FILE = "fileb://"
OWN = {"query", "output"}
"""Options of the CLI itself."""


def run(service: str, operation: str, *arguments: str) -> str:
    """Return what the command prints. Raises ValueError for an option that the operation does not have."""
    client: Any = boto3.client(service)
    method = operation.replace("-", "_")
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
    options = read_options(arguments)
    given = {name: value for name, value in options.items() if name not in OWN}
    response = getattr(client, method)(**make_parameters(model.input_shape.members, given))
    response.pop("ResponseMetadata")
    found = jmespath.search(options["query"], response) if "query" in options else response
    return format_output(found, options.get("output", "json"))


def read_options(arguments: Sequence[str]) -> dict[str, str]:
    """Read pairs of `--name value`."""
    names = [name.removeprefix("--") for name in arguments[::2]]
    return dict(zip(names, arguments[1::2], strict=True))


def make_parameters(members: Mapping[str, Shape], given: Mapping[str, str]) -> dict[str, Any]:
    by_option = {xform_name(member).replace("_", "-"): member for member in members}
    parameters: dict[str, Any] = {}
    for option, text in given.items():
        if option == "zip-file":  # the CLI has it outside of `--code`
            parameters["Code"] = {"ZipFile": Path(text.removeprefix(FILE)).read_bytes()}
            continue
        if option not in by_option:
            raise ValueError(f"no option --{option}")
        member = by_option[option]
        parameters[member] = _read(members[member].type_name, text)
    return parameters


def _read(kind: str, text: str) -> Any:  # noqa: ANN401 - any parameter
    if kind in {"list", "map", "structure"}:
        return json.loads(text)
    return int(text) if kind in {"integer", "long"} else text


def format_output(value: Any, output: str) -> str:  # noqa: ANN401 - JSON
    if output == "json":
        return json.dumps(value, indent=4, default=str)
    return "\t".join(map(str, value)) if isinstance(value, list) else str(value)


if __name__ == "__main__":
    sys.stdout.write(run(*sys.argv[1:]) + "\n")
