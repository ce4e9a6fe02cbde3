"""Clients that generators make of the OpenAPI document: each uploads, reads, lists, changes and deletes."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local.layout import ENVIRONMENTS, ROOT
from operations.tokens import make_token
from tests.support import npm
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.stack import Stack

USER = "gen"
CLIENTS = ROOT / "tests" / "e2e" / "clients"
TOOLS = ENVIRONMENTS / "generators" / "bin"
PYTHON = TOOLS / "python"
GENERATOR_SECONDS = 120

WARNING = re.compile(r"warn|error", re.IGNORECASE)
LOGGED = re.compile(r"\[main\] (?:WARN|ERROR) .*")
SIMPLE_DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Lists in forms", "version": "1"},
    "paths": {
        "/lists": {
            "post": {
                "operationId": "sendList",
                "requestBody": {
                    "content": {
                        "multipart/form-data": {
                            "schema": {
                                "type": "object",
                                "properties": {"list": {"type": "array", "items": {"type": "string"}}},
                            }
                        }
                    }
                },
                "responses": {"204": {"description": "No Content"}},
            }
        }
    },
}
"""What openapi-generator says of this, it says of every document with a list in a form."""


def run(*command: str | Path, folder: Path) -> str:
    """Run a command that must succeed, and return what it says."""
    # A generator finds its formatter, which is beside it, by its name alone.
    environment = {**os.environ, "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(  # noqa: S603 - our own words
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=GENERATOR_SECONDS,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


@pytest.fixture(scope="session")
def python_tools() -> Path:
    run(sys.executable, "-m", "local.bootstrap", "generators", folder=ROOT)
    return TOOLS


@pytest.fixture(scope="session")
def node_modules() -> Path:
    if obstacle := npm.find_obstacle():
        pytest.skip(f"the clients in TypeScript need npm: {obstacle}")
    return npm.provide_packages(CLIENTS) / "node_modules"


@pytest.fixture(params=["open", "jwt"])
def service(request: pytest.FixtureRequest) -> tuple[Stack, str]:
    """A stack, and the token of a user of it, which is empty where there are none."""
    if request.param == "open":
        return request.getfixturevalue("stack"), ""
    stack: Stack = request.getfixturevalue("jwt_stack")
    return stack, make_token(stack.client, stack.outputs, USER)


@pytest.fixture
def use(service: tuple[Stack, str], tmp_path: Path) -> Callable[..., Any]:
    """Runs a client, and returns what it has found."""
    stack, token = service
    (tmp_path / "photo.jpg").write_bytes(make_picture())

    def run_client(*command: str | Path) -> Any:  # noqa: ANN401 - JSON
        said = run(*command, stack.api_url, USER, token, tmp_path / "photo.jpg", folder=tmp_path)
        return json.loads(said)

    return run_client


@pytest.fixture
def document(service: tuple[Stack, str], tmp_path: Path) -> Path:
    path = tmp_path / "openapi.json"
    path.write_bytes(httpx.get(f"{service[0].api_url}/openapi.json", timeout=60).content)
    return path


def generate(tools: Path, language: str, document: Path, output: Path) -> set[str]:
    """Make a client with openapi-generator, and return its warnings."""
    options: list[str | Path] = ["-g", language, "-i", document, "-o", output]
    return {
        *LOGGED.findall(run(tools / "openapi-generator-cli", "generate", *options, folder=document.parent))
    }


@functools.cache
def find_own_warnings(tools: Path, language: str) -> set[str]:
    """Return what openapi-generator warns of whatever the document says."""
    with tempfile.TemporaryDirectory() as folder:
        simple = Path(folder, "simple.json")
        simple.write_text(json.dumps(SIMPLE_DOCUMENT), encoding="utf-8")
        return generate(tools, language, simple, Path(folder, "simple"))


def compile_client(node_modules: Path, name: str, folder: Path) -> Path:
    """Compile a client in TypeScript, with all checks of types, and return its script."""
    (folder / "node_modules").symlink_to(node_modules)
    for file in (f"{name}.ts", "picture.ts", "tsconfig.json"):
        shutil.copy(CLIENTS / file, folder)
    run(node_modules / ".bin" / "tsc", "-p", ".", folder=folder)
    return folder / "built" / f"{name}.js"


EXPECTED = {
    "filename": "café.jpg",
    "description": "A.",
    "visibility": "public",
    "tags": ["beach", "sea"],
    "status": "ready",
    "age": 0,
    "thumbnail": "RIFF",
    "isListed": True,
    "updated": "B.",
    "deleted": 204,
    "gone": "not_found",
}


def test_client_of_openapi_python_client_does_everything(
    use: Callable[..., Any], document: Path, python_tools: Path, tmp_path: Path
) -> None:
    options: list[str | Path] = ["--meta", "none", "--output-path", tmp_path / "generated"]
    said = run(
        python_tools / "openapi-python-client", "generate", "--path", document, *options, folder=tmp_path
    )
    assert not WARNING.search(said), said
    shutil.copy(CLIENTS / "openapi_python_client.py", tmp_path)
    assert use(PYTHON, "openapi_python_client.py") == EXPECTED


def test_client_of_openapi_generator_does_everything(
    use: Callable[..., Any], document: Path, python_tools: Path, tmp_path: Path
) -> None:
    warnings = generate(python_tools, "python", document, tmp_path / "generated")
    assert warnings <= find_own_warnings(python_tools, "python")
    shutil.copy(CLIENTS / "openapi_generator.py", tmp_path / "generated")
    assert use(PYTHON, tmp_path / "generated" / "openapi_generator.py") == EXPECTED


def test_client_of_openapi_fetch_does_everything(
    use: Callable[..., Any], document: Path, node_modules: Path, tmp_path: Path
) -> None:
    tool = node_modules / ".bin" / "openapi-typescript"
    said = run(tool, document, "--output", "schema.d.ts", folder=tmp_path)
    assert not WARNING.search(said), said
    assert use("node", compile_client(node_modules, "openapi-fetch", tmp_path)) == EXPECTED


def test_client_of_typescript_fetch_does_everything(
    use: Callable[..., Any], document: Path, python_tools: Path, node_modules: Path, tmp_path: Path
) -> None:
    warnings = generate(python_tools, "typescript-fetch", document, tmp_path / "generated")
    assert warnings <= find_own_warnings(python_tools, "typescript-fetch")
    assert use("node", compile_client(node_modules, "typescript-fetch", tmp_path)) == EXPECTED
