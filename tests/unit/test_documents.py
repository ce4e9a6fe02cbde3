from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from app import VERSION
from tests.support.capacity.tables import CAPACITY_TABLES
from tests.support.costs.tables import COST_TABLES
from tests.support.documents import (
    README,
    ROOT,
    TABLES,
    find_broken_links,
    list_documents,
    list_tables,
    read_blocks,
    write_tables,
)
from tests.support.parameters.tables import TRANSLATED_TABLES

if TYPE_CHECKING:
    from pathlib import Path

MAX_README_LINES = 150
SECTIONS = ["Status", "Context", "Decision", "Consequences"]
PAPERS = (
    "LICENSE",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    ".editorconfig",
    ".pre-commit-config.yaml",
    ".github/workflows/ci.yaml",
    ".github/workflows/deploy.yaml",
    "docs/architecture.md",
    "docs/recipes.md",
    "docs/api.md",
    "docs/browsers.md",
    "docs/uploads.md",
    "docs/images.md",
    "docs/delivery.md",
    "docs/operating.md",
    "docs/observing.md",
    "docs/recovery.md",
    "docs/runbooks/abuse.md",
    "docs/runbooks/aws-quotas.md",
    "docs/runbooks/erasing-someone.md",
    "docs/runbooks/failure-queue.md",
    "docs/runbooks/region-lost.md",
    "docs/runbooks/restore.md",
    "docs/runbooks/rotating-keys.md",
    "docs/runbooks/stuck-uploads.md",
    "docs/runbooks/user-over-quota.md",
    "docs/deploying.md",
    "docs/parameter-sets.md",
    "docs/releases.md",
    "docs/costs.md",
    "docs/bounds.md",
    "docs/decisions/README.md",
    "docs/decisions/threat-model.md",
    "tests/README.md",
)
DOCUMENTS = pytest.mark.parametrize(
    "document", list_documents(), ids=lambda path: str(path.relative_to(ROOT))
)


@pytest.mark.parametrize("name", PAPERS)
def test_project_has_its_papers(name: str) -> None:
    assert (ROOT / name).read_text().strip()


def test_readme_is_short() -> None:
    assert len(README.read_text().splitlines()) <= MAX_README_LINES


@DOCUMENTS
def test_tables_are_those_that_the_code_makes(document: Path) -> None:
    """If this fails, run `make docs`. Tables of costs are checked in tests/system/test_costs.py."""
    text = document.read_text()
    assert write_tables(text, TABLES) == text


def test_every_table_is_in_a_document() -> None:
    names = {name for document in list_documents() for name in list_tables(document)}
    assert names == TABLES.keys() | TRANSLATED_TABLES.keys() | COST_TABLES.keys() | CAPACITY_TABLES.keys()


@DOCUMENTS
def test_links_lead_somewhere(document: Path) -> None:
    assert list(find_broken_links(document)) == []


def test_most_shell_blocks_are_run_and_others_say_why_not() -> None:
    blocks = [block for document in list_documents() for block in read_blocks(document)]
    assert sum(block.reason is None for block in blocks) >= 10
    assert all(len(block.reason.split()) >= 3 for block in blocks if block.reason)
    assert {block.mode for block in blocks} <= {"open", "jwt", "webhook"}


@DOCUMENTS
def test_shell_blocks_say_that_they_are(document: Path) -> None:
    fences = re.findall(r"^```(\w*)$", document.read_text(), re.MULTILINE)
    assert not {*fences[::2]} & {"", "bash", "shell", "console"}


@pytest.mark.parametrize("page", sorted((ROOT / "docs/runbooks").glob("*.md")), ids=lambda path: path.stem)
def test_runbook_says_what_shows_what_to_do_and_when_it_is_over(page: Path) -> None:
    text = page.read_text()
    assert text.splitlines()[2].startswith("**Symptom.** ")
    sections = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert sections[0] == "What to look at"
    assert sections[-1] == "How to see that it is over"
    assert len(sections) >= 3
    assert f"runbooks/{page.name}" in (ROOT / "docs/operating.md").read_text()


def test_decisions_have_their_sections_and_half_a_page() -> None:
    decisions = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert len(decisions) == 27
    for decision in decisions:
        text = decision.read_text()
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
            "Status",
            "Context",
            "Decision",
            "Consequences",
        ]
        assert 120 <= len(text.split()) <= 450, decision.name


def test_version_has_one_source() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["hatch"]["version"]["path"] == "src/app/__init__.py"
    released = re.findall(r"^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert released[0] == VERSION


def test_commands_of_the_readme_are_those_of_ci() -> None:
    commands = {"make lint", "make test"}
    for path in (".ci/run", ".github/workflows/ci.yaml"):
        assert commands <= {*re.findall(r"make \w+", (ROOT / path).read_text())}
    assert {"make start", "make test"} <= {*re.findall(r"make \w+", README.read_text())}
