"""The start of the API's function. While modules are imported, nothing becomes garbage worth a search."""

import gc

gc.disable()  # the searches take a tenth of a cold start
import random  # noqa: E402 - only what is imported from here on is spared
from contextlib import suppress  # noqa: E402

from app.main import lambda_handler  # noqa: E402

gc.freeze()  # what lives as long as the function is never searched again
gc.enable()

# With SnapStart, many environments go on from one snapshot, taken here. No request has come, so there is no
# client, no secret and no connection in it: they are made when they are needed. Ids and secrets come from the
# kernel. Only the generator of `random` is in it, which spreads entries over shards and pauses over time.
with suppress(ImportError):  # only Lambda has it
    from snapshot_restore_py import register_after_restore  # type: ignore[import-not-found]

    register_after_restore(random.seed)

__all__ = ["lambda_handler"]
