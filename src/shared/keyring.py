"""Secrets of Secrets Manager as keys: those that sign, and those that the CDN shows."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING

from shared.aws import translate_errors
from shared.errors import Unavailable
from shared.observability import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_secretsmanager import SecretsManagerClient

KEYS_LIFETIME_SECONDS = 300
PAUSE_SECONDS = 5
"""After a read that failed, what can do without a key does not wait for another one for this long."""
STAGES = ("AWSCURRENT", "AWSPREVIOUS")


class KeyRing:
    """A secret of Secrets Manager. A new value becomes the current key, and the one before it stays valid."""

    def __init__(
        self,
        make_client: Callable[[], SecretsManagerClient],
        secret_id: str,
        *,
        purpose: str = "links",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make_client = make_client
        self._secret_id = secret_id
        self._name = f"the secret of the {purpose}"
        self._clock = clock
        self._keys: Sequence[bytes] = ()
        self._read_at = self._failed_at = float("-inf")

    def get(self) -> Sequence[bytes]:
        """Return all valid keys, the current one first. Raises Unavailable if none was read yet."""
        if self._clock() - self._read_at > KEYS_LIFETIME_SECONDS:
            try:
                self._keys = self._read_all()
            except Unavailable:
                self._failed_at = self._clock()
                if not self._keys:
                    raise
                get_logger().warning(f"{self._name} cannot be read; its last keys stay in use")
            self._read_at = self._clock()
        return self._keys

    def find_current(self) -> bytes | None:
        """Return the current key, for what can do without it. None if it cannot be read."""
        if not self._keys and self._clock() - self._failed_at < PAUSE_SECONDS:
            return None
        try:
            return self.get()[0]
        except Exception:  # noqa: BLE001 - whatever keeps it from being read
            get_logger().warning(f"{self._name} cannot be read")
            return None

    def _read_all(self) -> Sequence[bytes]:
        keys = [key for stage in STAGES if (key := self._read(stage))]
        if not keys:
            raise ValueError(f"{self._name} has no value")
        return keys

    @cached_property
    def _client(self) -> SecretsManagerClient:
        """Made when something is signed: most requests for public images sign nothing."""
        return self._make_client()

    def _read(self, stage: str) -> bytes | None:
        with translate_errors():
            try:
                output = self._client.get_secret_value(SecretId=self._secret_id, VersionStage=stage)
            except self._client.exceptions.ResourceNotFoundException:
                return None
        return output["SecretString"].encode()
