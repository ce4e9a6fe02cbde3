"""Types of the web page. They stand in comments, and TypeScript compares them with the code."""

from __future__ import annotations

import subprocess
import sys

from local.layout import ROOT
from tests.support import npm

PINS = ROOT / "tests" / "page"


def main() -> int:
    if obstacle := npm.find_obstacle():
        sys.stdout.write(f"types of the web page: not checked, {obstacle}\n")
        return 0
    compiler = npm.provide_packages(PINS) / "node_modules" / ".bin" / "tsc"
    return subprocess.run([compiler, "--project", PINS / "tsconfig.json"], check=False).returncode  # noqa: S603 - our own words


if __name__ == "__main__":
    sys.exit(main())
