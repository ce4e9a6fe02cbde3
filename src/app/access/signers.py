"""The credentials that sign URLs and forms of S3. A signature ends with them, so they have to live on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from shared.aws import Credentials, translate_errors
from shared.errors import Unavailable
from shared.observability import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

SESSION_SECONDS = 3600  # a role that assumes another one gets no longer session
HALF_LIFE_SECONDS = SESSION_SECONDS // 2
MARGIN_SECONDS = 30
SESSION_NAME = "signer"


class SigningRole:
    """Signs with a role that is assumed for an hour, and again at half-life, or earlier if needed.

    The function's own credentials may end at any time.
    """

    def __init__(
        self,
        make_sts: Callable[[], STSClient],
        role: str,
        make_signer: Callable[[Credentials], S3Client],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._make_sts = make_sts
        self._role = role
        self._make_signer = make_signer
        self._clock = clock
        self._signer: S3Client | None = None
        self._ends_at = 0.0

    def get(self, seconds: int) -> S3Client:
        """Return a client whose signatures are valid for so many seconds."""
        left = self._ends_at - self._clock()
        if self._signer and left >= max(seconds + MARGIN_SECONDS, HALF_LIFE_SECONDS):
            return self._signer
        try:
            self._signer = self._assume()
        except Unavailable:
            if self._signer is None or left < seconds + MARGIN_SECONDS:
                raise
            get_logger().warning("the signing role cannot be assumed; its last session stays in use")
        return self._signer

    def _assume(self) -> S3Client:
        with translate_errors():
            session = self._make_sts().assume_role(
                RoleArn=self._role, RoleSessionName=SESSION_NAME, DurationSeconds=SESSION_SECONDS
            )["Credentials"]
        self._ends_at = session["Expiration"].timestamp()
        return self._make_signer(
            {
                "aws_access_key_id": session["AccessKeyId"],
                "aws_secret_access_key": session["SecretAccessKey"],
                "aws_session_token": session["SessionToken"],
            }
        )
