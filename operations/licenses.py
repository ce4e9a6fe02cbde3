"""Checks that the licenses of all that the functions ship are allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.console import Problem
from operations.packages import get_licensing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from operations.packages import Package, Policy


def check_licenses(packages: Iterable[Package], policy: Policy) -> int:
    """Return the number of packages and bundled libraries. Raises Problem if one may not be shipped."""
    shipped = [part for package in packages for part in (package, *package.bundled)]
    refused = sorted({describe(part) for part in shipped if not is_allowed(part.license, policy)})
    if refused:
        raise Problem(f"[tool.shipped] in pyproject.toml does not allow: {', '.join(refused)}")
    return len(shipped)


def is_allowed(expression: str, policy: Policy) -> bool:
    """Tell if a license is allowed: one side of each OR, both sides of each AND."""
    return bool(expression) and _holds(get_licensing().parse(expression), policy)


def _holds(node: Any, policy: Policy) -> bool:  # noqa: ANN401 - the library has no types
    if isinstance(node, get_licensing().OR):
        return any(_holds(side, policy) for side in node.args)
    if isinstance(node, get_licensing().AND):
        return all(_holds(side, policy) for side in node.args)
    return str(node) in policy.licenses


def describe(part: Package) -> str:
    return f"{part.name} {part.version} ({part.license or 'no license is named'})"
