"""A stack with its CDN: the emulator's CloudFront, which rewrites and routes requests, and keeps nothing."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import httpx

from local import deployment
from local.build import provide_build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import Stack


@dataclass(frozen=True)
class Cdn:
    """A client that comes through the CDN, and one that goes around it."""

    stack: Stack
    web: httpx.Client
    direct: httpx.Client

    @property
    def url(self) -> str:
        return f"https://{self.stack.outputs['DistributionDomain']}"


@contextmanager
def add_cdn(stack: Stack) -> Iterator[Cdn]:
    """Put a CDN in front of a running stack, which stays there."""
    parameters = deployment.read_parameters() | {
        "AuthMode": "open",
        "S3PublicUrl": stack.aws_url,
        "PublicUrl": "",
        "Cdn": "enabled",
        "CdnInvalidation": "enabled",
        "LocalPort": str(stack.port),
    }
    log = stack.state / "deploy-cdn.log"
    deployment.deploy(provide_build(), parameters, stack.client, stack.aws, log)
    stack = replace(stack)  # with the new outputs
    host = {"Host": stack.outputs["DistributionDomain"]}
    with (
        httpx.Client(base_url=stack.aws_url, headers=host, timeout=60) as web,
        httpx.Client(base_url=stack.api_url, timeout=60) as direct,
    ):
        yield Cdn(stack, web, direct)
