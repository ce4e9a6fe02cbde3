"""Deletes the data of a local stack.

usage: python3 -m local.reset AWS_PORT
"""

from __future__ import annotations

import shutil
import sys

from local.layout import locate_state
from local.loopback import is_free


def main(aws_port: int) -> int:
    """Delete the state of the stack at this port, unless it is running."""
    if not is_free(aws_port):
        print(f"error: port {aws_port} is in use; stop the stack first", file=sys.stderr)
        return 1
    shutil.rmtree(locate_state(aws_port), ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
