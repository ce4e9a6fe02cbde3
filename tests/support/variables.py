"""Other variables for the functions of a running stack."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from local.stack import Stack

ALIAS = "live"


@contextmanager
def change_variables(stack: Stack, changed: Mapping[str, str]) -> Iterator[None]:
    """Run every function with other values of the variables that it has, until the block ends."""
    before = stack.read_variables()
    for function, values in before.items():
        _write(stack, function, values | {name: changed[name] for name in changed.keys() & values.keys()})
    serve_latest(stack)
    try:
        yield
    finally:
        for function, values in before.items():
            _write(stack, function, values)
        serve_latest(stack)


def serve_latest(stack: Stack) -> None:
    """Let the API's alias lead to its function as it is now."""
    functions, name = stack.client("lambda"), stack.outputs["ApiFunctionName"]
    version = functions.publish_version(FunctionName=name)["Version"]
    functions.update_alias(FunctionName=name, Name=ALIAS, FunctionVersion=version)


def _write(stack: Stack, function: str, values: Mapping[str, str]) -> None:
    stack.client("lambda").update_function_configuration(
        FunctionName=stack.outputs[f"{function}Name"], Environment={"Variables": dict(values)}
    )
