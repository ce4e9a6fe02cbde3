from __future__ import annotations

import pytest

from local.console import Problem
from operations.licenses import check_licenses, is_allowed
from operations.packages import Package, Policy, list_packages, read_policy

POLICY = Policy(frozenset({"MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"}), {}, frozenset())
MIT = Package("a", "1", "MIT")


@pytest.mark.parametrize(
    ("license_", "expected"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("(MIT OR GPL-3.0-only) AND Zlib", True),
        ("(MIT OR GPL-3.0-only) AND LGPL-2.1-only", False),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("Apache-2.0", False),
        ("", False),
    ],
)
def test_license_is_allowed_if_the_list_satisfies_it(license_: str, expected: bool) -> None:
    assert is_allowed(license_, POLICY) is expected


def test_all_that_is_shipped_is_allowed() -> None:
    policy = read_policy()
    assert check_licenses(list_packages(policy), policy) > 100


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (Package("bad", "2", "GPL-3.0-only"), r"bad 2 \(GPL-3.0-only\)"),
        (Package("bad", "2", ""), r"bad 2 \(no license is named\)"),
        (
            Package("good", "2", "MIT", bundled=(Package("bad", "3", "GPL-2.0-only"),)),
            r"bad 3 \(GPL-2.0-only\)",
        ),
    ],
)
def test_other_license_is_one_line_that_names_the_package(part: Package, words: str) -> None:
    with pytest.raises(Problem, match=rf"^\[tool.shipped\] in pyproject.toml does not allow: {words}$"):
        check_licenses([MIT, part], POLICY)


def test_name_that_the_list_knows_is_needed() -> None:
    """A library that left, or whose bill now names its license, leaves the list as well."""
    policy = read_policy()
    without = Policy(policy.licenses, {}, frozenset())
    parts = {part.name: part for package in list_packages(without) for part in package.bundled}
    assert {*policy.absent, *policy.named} <= parts.keys()
    assert [name for name in policy.named if parts[name].license] == []
