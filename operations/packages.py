"""The packages that the functions ship, with their licenses and with what their wheels bundle.

Versions and hashes come from the pins. The rest comes from the metadata of the same packages, as they are
installed here: bundled libraries and crates are in the bills of materials that a wheel carries (PEP 770).
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import TYPE_CHECKING, Any

from license_expression import get_spdx_licensing

from local.console import Problem
from local.layout import ROOT, SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PROJECT = ROOT / "pyproject.toml"
PINS = SOURCE / "requirements.txt"
CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
}
"""SPDX names of the licenses that classifiers name."""
PIN = re.compile(r"^([a-z0-9-]+)==([^\s\\;]+)((?:.*\\\n)*.*)", re.MULTILINE)


@dataclass(frozen=True)
class Package:
    """A package, or a library that one bundles. The license is an SPDX expression, or empty."""

    name: str
    version: str
    license: str
    url: str | None = None
    hashes: tuple[str, ...] = ()
    """SHA-256 of each file of this version, for every platform."""
    bundled: tuple[Package, ...] = ()


@dataclass(frozen=True)
class Policy:
    """The section [tool.shipped] of pyproject.toml."""

    licenses: frozenset[str]
    named: Mapping[str, str]
    """Licenses of bundled libraries whose bill names none."""
    absent: frozenset[str]
    """Names in a wheel's bill that are not in the wheel."""
    bundled: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Licenses of the libraries in wheels without a bill, by package and library."""


def read_policy(project: Path = PROJECT) -> Policy:
    section = tomllib.loads(project.read_text(encoding="utf-8"))["tool"]["shipped"]
    return Policy(
        frozenset(section["licenses"]), section["named"], frozenset(section["absent"]), section["bundled"]
    )


def list_packages(policy: Policy, pins: Path = PINS) -> list[Package]:
    """List the packages in the pins. Raises Problem if another version is installed here."""
    packages = []
    for name, version, rest in PIN.findall(pins.read_text(encoding="utf-8")):
        try:
            found = distribution(name)
        except PackageNotFoundError:
            raise Problem(f"{name} is not installed; run make lint") from None
        if found.version != version:
            raise Problem(f"{name} is pinned to {version}, but {found.version} is installed; run make lint")
        packages.append(
            Package(
                name=name,
                version=version,
                license=read_license(found),
                url=f"pkg:pypi/{name}@{version}",
                hashes=tuple(re.findall(r"sha256:([0-9a-f]{64})", rest)),
                bundled=(*list_bundled(found, policy), *_list_named(name, policy)),
            )
        )
    return packages


@cache
def get_licensing() -> Any:  # noqa: ANN401 - the library has no types
    """Return the reader of SPDX expressions, which knows every license of SPDX."""
    return get_spdx_licensing()


def read_license(found: Distribution) -> str:
    """Return the license as the metadata name it: as an expression, in the old field, or in classifiers."""
    metadata = found.metadata
    classifiers = [
        line.rpartition(" :: ")[2] for line in metadata.get_all("Classifier") or [] if "License ::" in line
    ]
    named = " AND ".join(CLASSIFIERS.get(name, name) for name in classifiers)
    for text in (metadata.get("License-Expression"), metadata.get("License"), named):
        if text and not get_licensing().validate(text).errors:
            return text
    return ""


def list_bundled(found: Distribution, policy: Policy) -> Iterator[Package]:
    """List what the bills in a wheel name, except for what is only needed to build it."""
    for file in found.files or []:
        if "sboms" not in file.parts or file.suffix != ".json":
            continue
        for part in json.loads(file.read_text(encoding="utf-8")).get("components", []):
            is_other = part["name"].partition(".")[0].lower() not in {found.name.lower(), "pil"}
            if is_other and part.get("scope") != "excluded" and part["name"] not in policy.absent:
                yield Package(
                    name=part["name"],
                    version=part.get("version", ""),
                    license=_join(part.get("licenses", [])) or policy.named.get(part["name"], ""),
                    url=part.get("purl"),
                )


def _list_named(package: str, policy: Policy) -> Iterator[Package]:
    for name, license_ in policy.bundled.get(package, {}).items():
        yield Package(name=name, version="", license=license_)


def _join(licenses: list[dict[str, Any]]) -> str:
    """Join the licenses of a bill, which all apply."""
    return " AND ".join(each.get("expression") or each["license"].get("id", "") for each in licenses)
