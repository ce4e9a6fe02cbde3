import os
import subprocess
import sys

import pytest

from local.layout import ROOT

START = """
import gc
searches = []
gc.callbacks.append(lambda phase, info: searches.append(phase))
from app.start import lambda_handler
import app.main
found = len(searches)
assert lambda_handler is app.main.lambda_handler
"""


@pytest.mark.parametrize(
    "fact",
    ["found == 0", "gc.isenabled()", "gc.get_freeze_count() > 10_000", "gc.collect() >= 0 and searches"],
)
def test_garbage_is_collected_after_the_start_and_not_before(fact: str) -> None:
    command = [sys.executable, "-c", f"{START}assert {fact}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    subprocess.run(command, check=True, env=environment)  # noqa: S603 - our own code
