"""Builds the functions with `sam build`. A build is named by the digest of its sources, and made once."""

import fcntl
import hashlib
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

from local import commands, sam
from local.console import Problem, read_last_line, step
from local.folders import discard_all_but
from local.layout import BUILDS, FUNCTION_PYTHON, LOCAL, SOURCE, TEMPLATE

KEPT = 3  # builds, because another stack may still run an older one
CODE_URI = re.compile(r"^( +CodeUri: )(?P<folder>\w+Function)$", re.MULTILINE)


def provide_build() -> Path:
    """Find the build of the current sources, or make it. Its folder is named after their digest."""
    BUILDS.mkdir(parents=True, exist_ok=True)
    with (LOCAL / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        build = BUILDS / compute_digest()
        if not build.exists():
            with step("Building the functions (sam build)"):
                make_build(build)
            discard_all_but(KEPT, BUILDS)
    build.touch()  # makes it the newest build, which is discarded last
    return build


def compute_digest() -> str:
    """Return a digest of every file that a build depends on."""
    digest = hashlib.sha256()
    for path in [TEMPLATE, Path(__file__), *find_sources()]:
        digest.update(f"{path.name}\0{path.parent}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def find_sources() -> Iterator[Path]:
    """Find the source files of the functions, in a fixed order."""
    for path in sorted(SOURCE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


def make_build(build: Path) -> None:
    """Run `sam build`. Keep the one folder that all functions share, and make an archive of it."""
    partial = build.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    log = LOCAL / "build.log"
    options = ["--build-dir", str(partial), "--cached", "--cache-dir", str(LOCAL / "sam" / "cache")]
    if not sam.run("build", *options, aws={"AWS_DEFAULT_REGION": "us-east-1"}, log=log):
        raise Problem(f"sam build failed: {read_last_line(log)} (full log: {log})")
    built = partial / "template.yaml"
    template = built.read_text(encoding="utf-8")
    functions = [match["folder"] for match in CODE_URI.finditer(template)]
    (partial / functions[0]).rename(partial / "code")
    for function in functions[1:]:
        shutil.rmtree(partial / function)
    compile_modules(partial / "code")
    pack(partial / "code", partial / "code.zip")
    built.write_text(CODE_URI.sub(r"\1code", template), encoding="utf-8")
    (partial / "packed.yaml").write_text(CODE_URI.sub(r"\1code.zip", template), encoding="utf-8")
    partial.rename(build)


def compile_modules(folder: Path) -> None:
    """Compile the modules. The functions cannot save compiled modules, and would compile at every start."""
    options = ["-q", "-j", "0", "--invalidation-mode", "unchecked-hash", "-p", "/var/task"]
    commands.run(FUNCTION_PYTHON, "-m", "compileall", *options, "-s", folder, folder)


def pack(folder: Path, archive: Path) -> None:
    """Pack a folder with fast compression. SAM would take three seconds for each function."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for path in sorted(folder.rglob("*")):
            packed.write(path, path.relative_to(folder))
