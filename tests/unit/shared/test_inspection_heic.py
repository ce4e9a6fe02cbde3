"""HEIC in and out of a build: no function imports its package, and a build may leave it out."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.pictures import make_picture

IMPORTS = "import sys; from shared.inspection import CONTENT_TYPES, inspect; data = sys.stdin.buffer.read(); "
WITHOUT_THE_PACKAGE = "import sys; sys.modules['pillow_heif'] = None; "
HEIC_TYPES = "image/heic image/heif"


def run(script: str, data: bytes = b"") -> str:
    """Run a script in a new process, with these bytes as its input."""
    command = [sys.executable, "-c", script]
    environment = {"PYTHONPATH": "src"}
    result = subprocess.run(command, input=data, capture_output=True, env=environment, check=False)  # noqa: S603 - ours
    return (result.stdout + result.stderr).decode()


def test_types_name_heic_where_its_package_is() -> None:
    assert run(f"{IMPORTS} print(*CONTENT_TYPES.values())").strip().endswith(HEIC_TYPES)


def test_build_without_the_package_names_no_heic() -> None:
    script = "from app.responses.limits import Limits; print(*Limits.model_fields['accepted_types'].default)"
    assert run(WITHOUT_THE_PACKAGE + script).split() == [
        "image/avif",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/webp",
    ]


@pytest.mark.parametrize("image_format", ["HEIC", "HEIF"])
def test_build_without_the_package_takes_no_heic(image_format: str) -> None:
    said = run(f"{WITHOUT_THE_PACKAGE}{IMPORTS} inspect(data)", make_picture(image_format))
    assert "which is not accepted. Convert it. Send a JPEG, PNG, GIF, WEBP or AVIF." in said


def test_decoder_starts_without_the_package() -> None:
    script = "from imaging.parsing import load_plugins; load_plugins(); print('PIL' in sys.modules)"
    assert run(WITHOUT_THE_PACKAGE + script) == "True\n"


def test_api_does_not_import_the_package() -> None:
    script = f"{IMPORTS} print(inspect(data)); import app.main; print('pillow_heif' in sys.modules)"
    assert run(script, make_picture("HEIC")).endswith(")\nFalse\n")
