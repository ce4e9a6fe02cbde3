"""Two versions of the functions on one stack, as during a canary: the present one, and one before it."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from local.build import provide_build
from local.layout import ROOT

if TYPE_CHECKING:
    from local.stack import Stack

ALIAS = "live"
FIRST = "2e4792a"
"""The version before, as long as no release has a tag: the first with the present format of the store."""
PACKAGES = ("app", "imaging", "processor", "shared")


class Side(StrEnum):
    """The version that is released, or that of before."""

    OLD = "old"
    NEW = "new"


def find_former_version() -> str:
    """Return the commit of the last release before this one. Skips the test where there is no history."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("there is no history here to take the version before from")
    for command in (
        ["describe", "--tags", "--abbrev=0", "--match=v*", "HEAD^"],
        ["rev-parse", "--verify", "-q", FIRST],
    ):
        found = subprocess.run(  # noqa: S603 - our own
            [git, *command], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if found.returncode == 0:
            return found.stdout.strip()
    pytest.skip("the history is cut off before the version to compare with")


@cache
def pack_former_version() -> bytes:
    """Make the archive of the functions with the modules of the version before, and the present libraries."""
    git = shutil.which("git")
    assert git
    archive = subprocess.run(  # noqa: S603 - our own
        [git, "archive", find_former_version(), "src"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target,
        zipfile.ZipFile(provide_build() / "code.zip") as present,
        tarfile.open(fileobj=io.BytesIO(archive)) as former,
    ):
        for name in present.namelist():
            if name.split("/")[0] not in PACKAGES:
                target.writestr(present.getinfo(name), present.read(name))
        for member in former.getmembers():
            path = member.name.removeprefix("src/")
            if member.isfile() and path.split("/")[0] in PACKAGES:
                file = former.extractfile(member)
                assert file
                target.writestr(path, file.read())
    return packed.getvalue()


@dataclass
class Versions:
    """The functions of a stack. Each can be of the one version or of the other."""

    stack: Stack
    api: dict[Side, str]
    """The published versions of the API."""

    @classmethod
    def publish(cls, stack: Stack) -> Versions:
        functions, name = stack.client("lambda"), stack.outputs["ApiFunctionName"]
        present = functions.get_alias(FunctionName=name, Name=ALIAS)["FunctionVersion"]
        functions.update_function_code(FunctionName=name, ZipFile=pack_former_version())
        former = functions.publish_version(FunctionName=name)["Version"]
        return cls(stack, {Side.NEW: present, Side.OLD: former})

    def serve(self, side: Side) -> None:
        """Send requests to this version of the API."""
        self.stack.client("lambda").update_alias(
            FunctionName=self.stack.outputs["ApiFunctionName"], Name=ALIAS, FunctionVersion=self.api[side]
        )

    def follow(self, side: Side) -> None:
        """Let this version handle events of the bucket and of the table."""
        code = pack_former_version() if side is Side.OLD else (provide_build() / "code.zip").read_bytes()
        for output in ("ProcessorFunctionName", "ChangesFunctionName"):
            self.stack.client("lambda").update_function_code(
                FunctionName=self.stack.outputs[output], ZipFile=code
            )

    def send_change(self, record: Any) -> None:  # noqa: ANN401 - JSON
        """Deliver a record of the stream to the version that follows now."""
        response = self.stack.client("lambda").invoke(
            FunctionName=self.stack.outputs["ChangesFunctionName"], Payload=json.dumps({"Records": [record]})
        )
        with suppress(KeyError):
            raise AssertionError(response["FunctionError"], response["Payload"].read())
