"""Writes the bill of materials of what the functions ship, in the format CycloneDX."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from local.layout import SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from operations.packages import Package

VERSION = re.compile(r'^VERSION = "(.+)"$', re.MULTILINE)


def write_bill(packages: Iterable[Package], path: Path) -> None:
    """Write the bill. It depends on the pins and the version alone, so it is the same each time."""
    path.write_text(json.dumps(make_bill(packages, read_version()), indent=2) + "\n", encoding="utf-8")


def read_version() -> str:
    match = VERSION.search((SOURCE / "app" / "__init__.py").read_text(encoding="utf-8"))
    return match[1] if match else ""


def make_bill(packages: Iterable[Package], version: str) -> dict[str, Any]:
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "name": "image-upload-service",
                "version": version,
                "licenses": [{"expression": "MIT"}],
            }
        },
        "components": [make_component(package) for package in packages],
    }


def make_component(package: Package) -> dict[str, Any]:
    component: dict[str, Any] = {"type": "library", "name": package.name}
    if package.version:
        component["version"] = package.version
    if package.hashes:
        component["hashes"] = [{"alg": "SHA-256", "content": digest} for digest in package.hashes]
    if package.license:
        component["licenses"] = [{"expression": package.license}]
    if package.url:
        component["purl"] = package.url
    if package.bundled:
        component["components"] = [make_component(part) for part in dict.fromkeys(package.bundled)]
    return component
