"""The rules of the house that no other tool proves."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAX_LINES = 300
MAX_TEST_NAME_CHARS = 80
CODE = ("src", "operations", "local", "tests", "benchmarks", "examples")
READS_ENVIRONMENT = {"src/shared/settings.py", "src/imaging/decoder.py"}
"""The second one passes the variables on that the decoder's process needs."""
MAKES_CLIENTS = {
    "src/app/dependencies.py",
    "src/processor/main.py",
    "src/processor/changes.py",
    "src/processor/deliveries.py",
    "src/processor/invalidations.py",
}
TESTED_THROUGH_OTHERS = {
    "src/app/document.py": "tests/unit/app/test_openapi.py and tests/unit/app/test_openapi_models.py",
    "src/app/documentation.py": "tests/unit/app/routers/test_service.py",
    "src/shared/limits.py": "constants",
    "src/app/openapi.py": "tests/system/test_openapi.py and tests/unit/app/routers/test_service.py",
    "src/imaging/isolation.py": "tests/unit/imaging/test_decoder.py",
    "src/imaging/thumbhash.py": "tests/unit/imaging/test_placeholder.py",
    "src/imaging/worker.py": "tests/unit/imaging/test_decoder.py",
    "src/shared/errors.py": "tests/unit/app/responses/test_errors.py",
}


@cache
def list_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name_file(path: Path) -> str:
    return str(path.relative_to(ROOT))


def list_documented(path: Path) -> list[tuple[str, str]]:
    """The docstrings of a module, with the names of what they document."""
    tree = ast.parse(path.read_text())
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(tree) if isinstance(node, documented)]
    return [
        (getattr(node, "name", "module"), docstring)
        for node in nodes
        if (docstring := ast.get_docstring(node))
    ]


def test_no_file_has_more_than_300_lines() -> None:
    paths = [*list_files(*CODE), *(ROOT / "src" / "app" / "page").iterdir()]
    lengths = {name_file(path): len(path.read_text().splitlines()) for path in paths}
    assert lengths
    assert {name: lines for name, lines in lengths.items() if lines > MAX_LINES} == {}


def test_unit_tests_mirror_the_source() -> None:
    sources = {path.relative_to(ROOT / "src").with_suffix("") for path in list_files("src")}
    sources |= {
        path.relative_to(ROOT).with_suffix("") for path in list_files("operations", "local", "examples")
    }
    for test in (ROOT / "tests" / "unit").rglob("*/test_*.py"):
        place = test.relative_to(ROOT / "tests" / "unit").parent
        names = test.stem.removeprefix("test_").split("_")
        tested = {place / "_".join(names[:end]) for end in range(1, len(names) + 1)}
        assert tested & sources, f"{name_file(test)} tests no module of its folder"


def test_every_module_has_its_tests() -> None:
    for source in list_files("src"):
        if source.stem == "__init__" or name_file(source) in TESTED_THROUGH_OTHERS:
            continue
        folder = ROOT / "tests" / "unit" / source.relative_to(ROOT / "src").parent
        assert [*folder.glob(f"test_{source.stem}*.py")], f"{name_file(source)} has no tests"


@pytest.mark.parametrize("word", ["util", "helper", "common", "misc", "manager"])
def test_modules_are_named_after_things(word: str) -> None:
    assert [name_file(path) for path in list_files(*CODE) if word in path.stem] == []


def test_only_the_settings_read_the_environment() -> None:
    readers = {name_file(path) for path in list_files("src") if re.search(r"\benviron\b", path.read_text())}
    assert readers == READS_ENVIRONMENT


def test_only_the_factories_make_clients() -> None:
    makers = {name_file(path) for path in list_files("src") if "create_client(" in path.read_text()}
    assert makers == MAKES_CLIENTS | {"src/shared/aws.py"}


def test_test_names_are_sentences_of_under_80_characters() -> None:
    names = [
        node.name
        for path in list_files("tests")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert names
    assert [name for name in names if len(name) >= MAX_TEST_NAME_CHARS] == []
    assert [name for name in names if name.count("_") < 2] == []


def test_docstrings_say_what_a_thing_is_or_does() -> None:
    riddles = [
        f"{name_file(path)}: {name}"
        for path in list_files(*CODE)
        for name, docstring in list_documented(path)
        if re.match(r"(What|Whether|Who|Where|How)\b(?!.*\?)", docstring)
    ]
    assert riddles == []
