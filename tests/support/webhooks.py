"""Webhooks for tests: an event as EventBridge hands it on, and secrets."""

from __future__ import annotations

import base64
from typing import Any

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER_SECRET = "whsec_" + base64.b64encode(bytes(range(100, 148))).decode()
DETAIL: dict[str, Any] = {
    "id": "1c9b6a3e-0000-4000-8000-000000000001",
    "userId": "ann",
    "version": 3,
    "at": "2026-11-23T20:55:28.972013Z",
    "status": "ready",
    "visibility": "public",
    "tags": ["sea", "Zürich"],
    "contentType": "image/jpeg",
    "width": 640,
    "height": 480,
}
EVENT: dict[str, Any] = {
    "version": "0",
    "id": "00000000-0000-4000-8000-000000000002",
    "detail-type": "image.ready",
    "source": "image-upload-service",
    "account": "123456789012",
    "time": "2026-11-23T20:55:28Z",
    "region": "eu-central-1",
    "resources": ["arn:stack"],
    "detail": DETAIL,
}
