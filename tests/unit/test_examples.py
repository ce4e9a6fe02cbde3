"""The pages in `examples/`, and what the guide shows of them."""

from __future__ import annotations

import json
import re

import pytest

from tests.support.examples import API_URL, EXAMPLES, list_pages, read_guide
from tests.support.npm import PINS

VERSION = re.compile(r"\d+\.\d+\.\d+")


def squeeze(text: str) -> str:
    """The lines of a code without their indentation, which the guide may leave out."""
    return "\n".join(line.strip() for line in text.strip().splitlines())


def test_guide_shows_a_part_of_every_example() -> None:
    assert sorted(read_guide()) == list_pages()
    assert len(list_pages()) == 7


@pytest.mark.parametrize("name", list_pages())
def test_code_in_the_guide_is_that_of_the_example(name: str) -> None:
    page = squeeze((EXAMPLES / name).read_text())
    blocks = read_guide()[name]
    assert blocks
    for block in blocks:
        assert squeeze(block) in page


@pytest.mark.parametrize("name", list_pages())
def test_example_calls_the_local_stack_and_loads_nothing_from_elsewhere(name: str) -> None:
    page = (EXAMPLES / name).read_text()
    assert {*re.findall(r"https?://[\w.:-]+", page)} == {API_URL}
    assert '<html lang="en">' in page
    for package in re.findall(r"node_modules/([\w-]+)/", page):
        assert package in json.loads((EXAMPLES / "package.json").read_text())["dependencies"]


def test_packages_are_pinned_with_their_hashes_and_without_a_registry() -> None:
    manifest, lock = (json.loads((EXAMPLES / name).read_text()) for name in PINS)
    assert all(VERSION.fullmatch(version) for version in manifest["dependencies"].values())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert {f"node_modules/{name}" for name in manifest["dependencies"]} <= packages.keys()
    for entry in packages.values():
        assert entry["integrity"].startswith("sha512-")
        assert "resolved" not in entry
