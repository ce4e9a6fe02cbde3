from __future__ import annotations

import json
from importlib.metadata import PathDistribution, distribution
from typing import TYPE_CHECKING, Any

import pytest

from local.console import Problem
from operations.packages import PINS, Policy, list_bundled, list_packages, read_license, read_policy

if TYPE_CHECKING:
    from pathlib import Path

APACHE = "Classifier: License :: OSI Approved :: Apache Software License"
NOTHING = Policy(frozenset(), {}, frozenset())


def install(folder: Path, metadata: str, **bills: Any) -> PathDistribution:  # noqa: ANN401 - JSON
    """Write the metadata of a package `demo`, and the bills of its wheel."""
    info = folder / "demo-1.dist-info"
    (info / "sboms").mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: demo\nVersion: 1\n{metadata}\n")
    for name, parts in bills.items():
        (info / "sboms" / f"{name}.json").write_text(json.dumps({"components": parts}))
    names = ["METADATA", *(f"sboms/{name}.json" for name in bills), "sboms/notes.txt"]
    (info / "RECORD").write_text("".join(f"demo-1.dist-info/{name},,\n" for name in names))
    return PathDistribution(info)


def test_every_pin_of_the_functions_has_its_hashes_and_a_license() -> None:
    packages = list_packages(read_policy())
    assert len(packages) == PINS.read_text().count("==")
    assert [package.name for package in packages if not package.hashes or not package.license] == []
    assert sum(len(package.hashes) for package in packages) == PINS.read_text().count("sha256:")


def test_libraries_that_decode_what_strangers_send_are_named() -> None:
    pillow = next(package for package in list_packages(read_policy()) if package.name == "pillow")
    names = {part.name: part.version for part in pillow.bundled}
    assert {"libavif", "libwebp", "libjpeg / libjpeg-turbo", "zlib"} <= names.keys()
    assert names["libavif"]
    assert not {"libimagequant", "FriBiDi", "pybind11", "PIL._imaging"} & names.keys()


def test_libraries_of_a_wheel_without_a_bill_are_named_by_the_project() -> None:
    policy = read_policy()
    packages = {package.name: package for package in list_packages(policy)}
    for name in policy.bundled:
        files = distribution(name).files or []
        libraries = {file.name.partition("-")[0] for file in files if file.parent.name.endswith(".libs")}
        assert {part.name for part in packages[name].bundled} == libraries
        assert not any("sboms" in file.parts for file in files)


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ("License-Expression: MIT OR Apache-2.0\nLicense: other", "MIT OR Apache-2.0"),
        ("License: Apache-2.0", "Apache-2.0"),
        ("License: see the file\nClassifier: License :: OSI Approved :: MIT License", "MIT"),
        (
            "Classifier: License :: OSI Approved :: BSD License\n" + APACHE,
            "BSD-3-Clause AND Apache-2.0",
        ),
        ("Classifier: License :: OSI Approved :: A License Of Its Own", ""),
        ("License: whatever you like", ""),
        ("", ""),
    ],
)
def test_license_is_what_the_metadata_name_in_words_of_spdx(
    tmp_path: Path, metadata: str, expected: str
) -> None:
    assert read_license(install(tmp_path, metadata)) == expected


def test_bundled_libraries_come_from_the_bills_in_the_wheel(tmp_path: Path) -> None:
    found = install(
        tmp_path,
        "",
        one=[
            {"name": "demo", "version": "1"},
            {
                "name": "libone",
                "version": "2",
                "licenses": [{"license": {"id": "IJG"}}, {"expression": "MIT"}],
            },
            {"name": "builder", "scope": "excluded"},
            {"name": "gone", "scope": "optional"},
        ],
        two=[{"name": "libtwo", "purl": "pkg:generic/libtwo"}, {"name": "libthree"}],
    )
    policy = Policy(frozenset(), {"libtwo": "Zlib", "libone": "MIT"}, frozenset({"gone"}))
    parts = [(part.name, part.version, part.license, part.url) for part in list_bundled(found, policy)]
    assert parts == [
        ("libone", "2", "IJG AND MIT", None),
        ("libtwo", "", "Zlib", "pkg:generic/libtwo"),
        ("libthree", "", "", None),
    ]


@pytest.mark.parametrize(
    ("pin", "words"),
    [
        ("pillow==1.0 \\\n    --hash=sha256:00\n", "pillow is pinned to 1.0"),
        ("no-such-package==1.0\n", "no-such-package is not installed"),
    ],
)
def test_package_that_is_not_installed_as_pinned_is_a_problem(tmp_path: Path, pin: str, words: str) -> None:
    (tmp_path / "pins.txt").write_text(pin)
    with pytest.raises(Problem, match=words):
        list_packages(NOTHING, tmp_path / "pins.txt")
