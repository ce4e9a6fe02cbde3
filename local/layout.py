"""Where things are on this machine: all of them inside the project's folder."""

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
    """The folder of the stack whose emulated AWS answers at this port."""
    return LOCAL / str(aws_port)
