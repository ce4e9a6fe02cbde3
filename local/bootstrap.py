"""Installs uv, CPython 3.13 and the environments of the project. It runs on Python 3.9 and newer.

usage: python3 -m local.bootstrap ENVIRONMENT...

The environments are in `.local/env/`. An environment is installed again only when its pins change. The pins
name the hash of each file, and a file with another hash is refused.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import sys
from pathlib import Path

from local import commands
from local.console import Problem, step

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".local" / "env"
UV_PINS = ROOT / "local" / "requirements-uv.txt"
PYTHON_VERSION = "3.13"
# `python` holds only pip. `sam build` installs packages with it, and the emulator runs the functions on it.
# So a function that imports a package without requiring it fails here too, and not only on AWS.
PINS = {
    "dev": ROOT / "requirements-dev.txt",
    **{
        name: ROOT / "local" / f"requirements-{name}.txt"
        for name in ("audit", "sam", "ministack", "python", "generators")
    },
}


def run(*command: str | Path) -> str:
    """Run a command that must succeed. If it fails, its error message becomes the problem."""
    result = commands.run(*command)
    if result.returncode:
        said = (result.stderr or result.stdout).strip().splitlines() or ["no message"]
        reason = next((line for line in said if line.lower().startswith("error")), said[-1])
        raise Problem(f"{Path(command[0]).name}: {reason.strip()}")
    return result.stdout.strip()


def provide_uv() -> Path:
    """Find the project's own uv, or install it."""
    home = HOME / "uv"
    uv = home / "bin" / "uv"
    if is_current(home, UV_PINS):
        return uv
    with step("Installing uv"):
        try:
            run(sys.executable, "-m", "venv", "--clear", home)
            pip: list[str | Path] = [home / "bin" / "python", "-m", "pip", "install", "--quiet"]
            run(*pip, "--only-binary", ":all:", "--require-hashes", "--requirement", UV_PINS)
            write_stamp(home, UV_PINS)
        except Problem as problem:
            shutil.rmtree(home, ignore_errors=True)
            other = shutil.which("uv")
            if other:
                return Path(other)
            raise Problem(
                f"uv could not be installed ({problem}). On Debian, run apt-get install python3-venv. "
                "On other systems, put uv on the PATH. Then run make again."
            ) from problem
    return uv


def find_python(uv: Path) -> Path:
    """Find CPython 3.13 on the PATH, with pyenv or with uv. If there is none, uv downloads it."""
    name = f"python{PYTHON_VERSION}"
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [Path(folder) / name for folder in os.get_exec_path()]
    candidates += sorted(pyenv.glob(f"versions/{PYTHON_VERSION}.*/bin/{name}"), reverse=True)
    for candidate in candidates:
        if does_run(candidate):
            return candidate
    find: list[str | Path] = [
        uv,
        "python",
        "find",
        "--quiet",
        "--no-project",
        "--managed-python",
        PYTHON_VERSION,
    ]
    try:
        return Path(run(*find))
    except Problem:
        pass
    try:
        with step(f"Downloading Python {PYTHON_VERSION}"):
            run(uv, "python", "install", "--quiet", PYTHON_VERSION)
    except Problem as problem:
        raise Problem(
            f"Python {PYTHON_VERSION} is missing and could not be downloaded. Install it so that "
            f"`{name}` is on the PATH. Then run make again."
        ) from problem
    return Path(run(*find))


def does_run(python: Path) -> bool:
    """Tell if this Python runs. A shim on the PATH may name a version that is not active."""
    return python.exists() and commands.run(python, "-c", "").returncode == 0


def provide_environment(name: str, uv: Path, python: Path) -> None:
    """Install one environment with the versions and the files in its pins."""
    home = HOME / name
    with step(f"Installing the environment `{name}`"):
        if not does_run(home / "bin" / "python"):
            run(uv, "venv", "--quiet", "--clear", "--no-project", "--python", python, home)
        run(uv, "pip", "sync", "--quiet", "--require-hashes", "--python", home / "bin" / "python", PINS[name])
        write_stamp(home, PINS[name])


def write_stamp(home: Path, pins: Path) -> None:
    (home / "stamp").write_text(compute_stamp(pins), encoding="utf-8")


def compute_stamp(pins: Path) -> str:
    """Return a digest of the pins and of the path, because scripts in an environment contain its path."""
    return hashlib.sha256(str(HOME).encode() + pins.read_bytes()).hexdigest()


def is_current(home: Path, pins: Path) -> bool:
    stamp = home / "stamp"
    return (
        (home / "bin" / "python").exists()
        and stamp.exists()
        and stamp.read_text(encoding="utf-8") == compute_stamp(pins)
    )


def provide_environments(names: list[str]) -> None:
    """Install the environments that are missing or have new pins. Only one process does this at a time."""
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [name for name in names if not is_current(HOME / name, PINS[name])]
        if not missing:
            return
        uv = provide_uv()
        python = find_python(uv)
        for name in missing:
            provide_environment(name, uv, python)


def main(names: list[str]) -> int:
    """Install the environments, or print the problem in one line."""
    unknown = set(names) - set(PINS)
    if unknown or not names:
        print(f"usage: python3 -m local.bootstrap {{{','.join(PINS)}}}...", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        provide_environments(names)
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
