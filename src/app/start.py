"""The start of the API's function. While modules are imported, nothing becomes garbage worth a search."""

import gc

gc.disable()  # the searches take a tenth of a cold start
from app.main import lambda_handler  # noqa: E402 - only what is imported from here on is spared

gc.freeze()  # what lives as long as the function is never searched again
gc.enable()

__all__ = ["lambda_handler"]
