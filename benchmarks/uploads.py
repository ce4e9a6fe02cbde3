"""Sends a sample of a corpus to a running service with each method of uploading."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import httpx

if TYPE_CHECKING:
    from benchmarks.corpus import Sample

ACCEPTED_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp", "image/avif")
CREATED = 201
USER = f"verdicts-{uuid.uuid4()}"


class Reply(NamedTuple):
    """The response that decides about an upload, and the id of the image if it was accepted."""

    response: httpx.Response
    image_id: str | None


type Send = Callable[[httpx.Client, Sample], Reply]


def send_form(api: httpx.Client, image: Sample) -> Reply:
    file = (Path(image.name).name, image.data, image.content_type)
    return read_reply(api.post("/images/upload", files={"file": file}, data={"userId": USER}))


def send_json(api: httpx.Client, image: Sample, prefix: str = "") -> Reply:
    content = prefix + base64.b64encode(image.data).decode()
    described = {"filename": Path(image.name).name, "content": content, "contentType": image.content_type}
    return read_reply(api.post("/images/upload", json={"image": described, "metadata": {"userId": USER}}))


def send_data_uri(api: httpx.Client, image: Sample) -> Reply:
    return send_json(api, image, f"data:{image.content_type};base64,")


def send_bytes(api: httpx.Client, image: Sample) -> Reply:
    query = {"userId": USER, "filename": Path(image.name).name}
    headers = {"Content-Type": image.content_type}
    return read_reply(api.post("/images/upload", params=query, content=image.data, headers=headers))


def send_directly(api: httpx.Client, image: Sample) -> Reply:
    content_type = image.content_type if image.content_type in ACCEPTED_TYPES else "image/jpeg"
    described = {
        "filename": Path(image.name).name,
        "contentType": content_type,
        "size": len(image.data),
        "metadata": {"userId": USER},
    }
    created = api.post("/images/uploads", json=described)
    if created.status_code != CREATED:
        return Reply(created, None)
    form = created.json()["upload"]
    response = api.post(form["url"], data=form["fields"], files={"file": image.data})
    return Reply(response, created.json()["id"] if response.is_success else None)


def send_whole_form(api: httpx.Client, case: Sample) -> Reply:
    headers = {"Content-Type": case.content_type, "X-User-Id": USER}
    return read_reply(api.post("/images/upload", content=case.data, headers=headers))


def read_reply(response: httpx.Response) -> Reply:
    return Reply(response, response.json()["id"] if response.status_code == CREATED else None)


IMAGE_METHODS: dict[str, Send] = {
    "multipart": send_form,
    "json": send_json,
    "data uri": send_data_uri,
    "raw body": send_bytes,
    "direct": send_directly,
}
CASE_METHOD = "whole form"
FORM_METHODS = ("multipart", CASE_METHOD)
