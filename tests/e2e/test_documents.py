"""The shell blocks of README and docs work as they are written, against a running stack."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.documents import ROOT, list_documents, read_blocks
from tests.support.pictures import make_photo

if TYPE_CHECKING:
    from pathlib import Path

    from local.stack import Stack

LARGE_BYTES = 6_000_000
# Commands of the Makefile run in the project's folder, whatever folder the files are in.
PRELUDE = f"""set -euo pipefail
make() {{ command make --no-print-directory -C {ROOT} "$@"; }}
"""

CASES = [
    (document, mode)
    for document in list_documents()
    for mode in ("open", "jwt")
    if any(block.mode == mode and not block.reason for block in read_blocks(document))
]


@pytest.mark.skipif(not shutil.which("curl"), reason="the blocks need curl")
@pytest.mark.parametrize(
    ("document", "mode"), CASES, ids=[f"{path.relative_to(ROOT)}-{mode}" for path, mode in CASES]
)
def test_shell_blocks_work(request: pytest.FixtureRequest, tmp_path: Path, document: Path, mode: str) -> None:
    stack: Stack = request.getfixturevalue("stack" if mode == "open" else "jwt_stack")
    photo = make_photo(6, width=800, height=400)
    (tmp_path / "photo.jpg").write_bytes(photo)
    (tmp_path / "large.jpg").write_bytes(photo + bytes(LARGE_BYTES))
    blocks = [block.code for block in read_blocks(document) if block.mode == mode and not block.reason]
    script = "\n".join(f"echo '--- block {number}'\n{code}" for number, code in enumerate(blocks, 1))
    script = script.replace("http://localhost:3000", stack.api_url)
    result = subprocess.run(  # noqa: S603 - our own documents
        ["bash", "-c", PRELUDE + script],  # noqa: S607 - whichever bash there is
        cwd=tmp_path,
        env=os.environ | {"AWS_PORT": str(stack.aws_port)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert result.returncode == 0, f"{result.stdout}\n{result.stderr}"
