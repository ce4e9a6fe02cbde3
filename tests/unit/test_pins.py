"""The pins: what `make pins` has compiled, and what every install verifies."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PINS = sorted(
    [ROOT / "requirements-dev.txt", *ROOT.glob("src/requirements*.txt"), *ROOT.glob("local/req*.txt")]
)
NAMES = [str(path.relative_to(ROOT)) for path in PINS]
PIN = re.compile(
    r"[a-z0-9-]+(\[[a-z,-]+\])?==[0-9][0-9a-z.]*( ; [^\\\n]+)?( \\\n {4}--hash=sha256:[0-9a-f]{64})+\n"
)
SOURCE_OF_2_1_0 = "sha256:2c5c81fc9c451ea133083bc6da959f87e9b91fba3effe99411f1f90461ea7c5b"
GROUPS = {"dev": "requirements-dev.txt"}


def read_requirements(path: Path) -> dict[str, str]:
    """The pins of a file, by name."""
    return {match[0].partition("==")[0]: match[0] for match in PIN.finditer(path.read_text())}


def test_every_environment_and_the_functions_have_pins() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    files = {GROUPS.get(name, f"local/requirements-{name}.txt") for name in groups}
    assert {*NAMES} == files | {"src/requirements.txt"}


@pytest.mark.parametrize("path", PINS, ids=NAMES)
def test_pins_are_versions_with_hashes_and_nothing_else(path: Path) -> None:
    assert PIN.search(path.read_text())
    assert PIN.sub("", path.read_text()) == ""


@pytest.mark.parametrize("path", PINS, ids=NAMES)
def test_pins_name_no_host(path: Path) -> None:
    assert re.findall(r"://|@|--(?:extra-)?index|--find-links", path.read_text()) == []


def test_functions_are_tested_with_the_files_that_they_ship() -> None:
    tested = read_requirements(ROOT / "requirements-dev.txt")
    for name, pin in read_requirements(ROOT / "src" / "requirements.txt").items():
        assert tested[name] == pin


def test_package_without_a_wheel_for_arm64_has_a_pinned_source() -> None:
    assert SOURCE_OF_2_1_0 in read_requirements(ROOT / "src" / "requirements.txt")["streaming-form-data"]
