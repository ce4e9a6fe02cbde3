"""Files of other projects. They lie beside this project on some machines, and tests skip without them."""

from pathlib import Path

CORPORA = Path(__file__).parents[3] / "shared" / "corpora"
NO_CORPORA = f"there are no corpora at {CORPORA}"
