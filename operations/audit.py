"""Asks a public service about known vulnerabilities of every pinned package."""

from __future__ import annotations

import tomllib

import httpx

from local import commands
from local.bootstrap import HOME, PINS, UV_PINS, provide_environments
from local.console import Problem
from local.layout import ROOT
from operations.packages import PINS as SHIPPED
from operations.packages import PROJECT

SERVICE = "https://api.osv.dev"
PROBE_SECONDS = 3


def audit() -> None:
    """Report the known vulnerabilities of what is shipped and of the tools. Without the service, say so."""
    if not is_reachable(SERVICE):
        print("skipped: the vulnerability service cannot be reached")
        return
    provide_environments(["audit"])
    pip_audit = HOME / "audit" / "bin" / "pip-audit"
    options = ["--vulnerability-service", "osv", "--osv-url", f"{SERVICE}/v1/query"]
    options += ["--disable-pip", "--require-hashes", "--progress-spinner", "off"]
    options += [f"--ignore-vuln={finding}" for finding in list_accepted()]
    failed = []
    for pins in (SHIPPED, UV_PINS, *PINS.values()):
        name = str(pins.relative_to(ROOT))
        result = commands.run(pip_audit, *options, "--requirement", pins)
        print(f"{name}: {(result.stdout + result.stderr).strip()}")
        if result.returncode:
            failed.append(name)
    if failed:
        raise Problem(f"pip-audit has found something, or could not finish: {', '.join(failed)}")


def list_accepted() -> list[str]:
    """List the findings that pyproject.toml accepts, each with its reason."""
    accepted: list[str] = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["tool"]["audit"]["accepted"]
    return accepted


def is_reachable(url: str) -> bool:
    """Tell if a service answers, whatever it says."""
    try:
        httpx.get(url, timeout=PROBE_SECONDS)
    except httpx.HTTPError:
        return False
    return True
