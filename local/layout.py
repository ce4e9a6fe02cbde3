"""Paths on this machine. All of them are inside the project's folder."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "template.yaml"
SOURCE = ROOT / "src"
EVENTS = ROOT / "events"
LOCAL = ROOT / ".local"
BUILDS = LOCAL / "build"
ENVIRONMENTS = LOCAL / "env"
SAM = ENVIRONMENTS / "sam" / "bin" / "sam"
MINISTACK_PYTHON = ENVIRONMENTS / "ministack" / "bin" / "python"
FUNCTION_PYTHON = ENVIRONMENTS / "python" / "bin" / "python3.13"


def locate_state(aws_port: int) -> Path:
    """Return the folder of the stack whose emulated AWS listens on this port."""
    return LOCAL / str(aws_port)
