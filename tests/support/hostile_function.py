"""A function whose decoder was taken over. Tests deploy it with the package and the rights of the processor.

Its event names a behaviour of `tests.support.hostile_worker`, and perhaps the image.
"""

import os
from typing import Any

from imaging.decoder import Decoder
from tests.support.hostile_worker import MEGABYTE, SECRET

SECONDS = 20


def lambda_handler(event: dict[str, str], _: object) -> dict[str, Any]:
    command = ("-m", "tests.support.hostile_worker", event["behaviour"])
    decoder = Decoder(cpu_seconds=1, memory_bytes=200 * MEGABYTE, command=command)
    try:
        decoder.render(event.get("image", str(os.getpid())).encode(), SECONDS)
    except Exception as error:  # noqa: BLE001 - the test expects one
        return {"error": type(error).__name__, "detail": str(error), "has_credentials": SECRET in os.environ}
    finally:
        decoder.stop()
    return {}
