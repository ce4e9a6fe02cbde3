"""Reports as the decoder's process sends them."""

from __future__ import annotations

import json
from typing import Any

from shared.renditions import STILLS
from tests.support.pictures import make_picture

WEBP = make_picture("WEBP")


def make_report(**changes: Any) -> bytes:  # noqa: ANN401 - JSON
    report = {
        "outcome": "rendered",
        "renditions": {name: {"width": 80, "height": 40} for name in STILLS},
        "placeholder": {"thumbhash": "AA==", "dominant_color": "#aabbcc"},
        "exif": None,
    }
    return json.dumps(report | changes).encode()
