from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from operations.bill import make_bill, read_version, write_bill
from operations.packages import PINS, Package, list_packages, read_policy

if TYPE_CHECKING:
    from pathlib import Path


def test_bill_of_what_is_shipped_keeps_to_the_format(tmp_path: Path) -> None:
    path = tmp_path / "sbom.json"
    write_bill(list_packages(read_policy()), path)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(path.read_text()) is None
    bill = json.loads(path.read_text())
    assert bill["metadata"]["component"]["version"] == read_version() != ""
    assert {f"{part['name']}=={part['version']}" for part in bill["components"]} == {
        line.partition(" ")[0] for line in PINS.read_text().splitlines() if "==" in line
    }
    assert all(part["hashes"] and part["licenses"] and part["purl"] for part in bill["components"])


def test_bill_is_the_same_each_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_bill(list_packages(read_policy()), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_library_is_part_of_the_package_that_bundles_it_and_named_once() -> None:
    library = Package("libone", "2", "")
    package = Package("a", "1", "MIT", "pkg:pypi/a@1", ("00",), (library, library))
    (component,) = make_bill([package], "9")["components"]
    assert component["hashes"] == [{"alg": "SHA-256", "content": "00"}]
    assert component["components"] == [{"type": "library", "name": "libone", "version": "2"}]
