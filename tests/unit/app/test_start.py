import json
import os
import subprocess
import sys
from typing import Any

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


RESTORE = """
import json, os, random, secrets, sys, types, uuid
hooks = []
snapshots = types.ModuleType("snapshot_restore_py")
snapshots.register_after_restore = hooks.append
sys.modules["snapshot_restore_py"] = snapshots
import app.start
from app import dependencies, parameters
made = [
    f"{module.__name__}.{name}"
    for module in (dependencies, parameters, app.main)
    for name, value in vars(module).items()
    if hasattr(value, "cache_info") and value.cache_info().currsize
]
sockets = [fd for fd in os.listdir("/proc/self/fd") if "socket" in os.path.realpath(f"/proc/self/fd/{fd}")]
print(json.dumps({"made": made, "sockets": sockets, "hooks": len(hooks)}), flush=True)
state = random.getstate()
for hook_runs in (True, True, False, False):
    if not os.fork():  # an environment that goes on from the snapshot
        random.setstate(state)  # Python seeds it anew in a fork. A snapshot does not.
        for hook in hooks if hook_runs else []:
            hook()
        values = random.random(), str(uuid.uuid4()), secrets.token_hex()
        print(json.dumps(values), flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def restored() -> list[Any]:
    """The content of a snapshot, and what four environments draw after it: two without the hook."""
    command = [sys.executable, "-c", RESTORE]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src")}
    ran = subprocess.run(command, check=True, env=environment, capture_output=True, text=True)  # noqa: S603
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_snapshot_holds_no_client_no_secret_and_no_connection(restored: list[Any]) -> None:
    assert restored[0] == {"made": [], "sockets": [], "hooks": 1}


def test_environments_of_one_snapshot_draw_different_values(restored: list[Any]) -> None:
    _, first, second, *unhooked = restored
    assert all(one != other for one, other in zip(first, second, strict=True))
    # Without the hook `random` would go on alike. What the kernel gives differs in any case.
    assert [one == other for one, other in zip(*unhooked, strict=True)] == [True, False, False]
