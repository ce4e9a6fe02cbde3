"""The legacy files of a fake deployment, and the forms and errors that all its routes share."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

PROBLEM = {"Content-Type": "application/problem+json", "X-Content-Type-Options": "nosniff"}


def problem(status: int, code: str, detail: str = "", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"status": status, "code": code, "detail": detail, "challenge": headers.get("WWW_Authenticate")}
    return httpx.Response(status, json=body, headers=PROBLEM | named)


def read_parts(request: httpx.Request, body: bytes) -> dict[str, bytes]:
    """Read the parts of a form. Another body has none."""
    boundary = request.headers.get("Content-Type", "").partition("boundary=")[2].encode()
    if not boundary:
        return {}
    parts = [part.partition(b"\r\n\r\n") for part in body.split(b"--" + boundary)[1:-1]]
    return {re.findall(rb'name="(\w+)"', head)[0].decode(): data[:-2] for head, _, data in parts}


@dataclass
class Files:
    """Files by their ids. Their bytes are objects of the bucket."""

    objects: dict[str, bytes]
    url: str
    found: dict[str, dict[str, Any]] = field(default_factory=dict)

    def serve(self, method: str, rest: list[str], parts: Mapping[str, bytes], now: float) -> httpx.Response:
        match method, rest:
            case "POST", []:
                file_id = str(uuid.uuid4())
                url = f"{self.url}/{file_id}?until={now + 60}&sig=ok"
                self.found[file_id] = {"id": file_id, "url": url}
                self.objects[f"files/{file_id}"] = parts["file"]
                return httpx.Response(201, json={"file": self.found[file_id]})
            case "GET", []:
                return httpx.Response(200, json={"files": [*self.found.values()]})
            case "GET", [file_id]:
                return httpx.Response(200) if file_id in self.found else problem(404, "not_found")
            case _, [file_id]:
                del self.found[file_id], self.objects[f"files/{file_id}"]
                return httpx.Response(204)
        raise AssertionError(method)
