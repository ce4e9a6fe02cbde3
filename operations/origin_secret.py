"""Changes the secret that the CDN sends with each request to the API.

The API takes the current value and the one before it. So the order matters: first the API learns the new one,
then the CDN sends it. A run that was interrupted goes on where it ended.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from local.console import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    type Json = Any

API_SECONDS = 310
"""Longer than a process of the API uses the values that it has read."""
SECRET_CHARS = 64


def rotate(
    client: Callable[[str], Any],
    outputs: Mapping[str, str],
    *,
    sleep: Callable[[float], object] = time.sleep,
    report: Callable[[str], object] = print,
) -> None:
    """Return when every edge location of the CDN sends the new secret. Raises Problem if there is no CDN."""
    if "DistributionId" not in outputs:
        raise Problem("this stack has no CDN; deploy it with Cdn=enabled first")
    secrets, cloudfront = client("secretsmanager"), client("cloudfront")
    secret_id, distribution_id = outputs["OriginSecretArn"], outputs["DistributionId"]
    current = secrets.get_secret_value(SecretId=secret_id)["SecretString"]
    config = cloudfront.get_distribution_config(Id=distribution_id)["DistributionConfig"]
    if _find_header(config)["HeaderValue"] == current:
        password = secrets.get_random_password(PasswordLength=SECRET_CHARS, ExcludePunctuation=True)
        current = password["RandomPassword"]
        secrets.put_secret_value(SecretId=secret_id, SecretString=current)
    report(f"waiting {API_SECONDS} s, until every process of the API knows the new secret")
    sleep(API_SECONDS)
    answer = cloudfront.get_distribution_config(Id=distribution_id)
    _find_header(answer["DistributionConfig"])["HeaderValue"] = current
    cloudfront.update_distribution(
        Id=distribution_id, IfMatch=answer["ETag"], DistributionConfig=answer["DistributionConfig"]
    )
    report("waiting until every edge location of the CDN sends it")
    cloudfront.get_waiter("distribution_deployed").wait(Id=distribution_id)
    report("the CDN sends the new secret; the one before it stays valid until the next rotation")


def _find_header(config: Json) -> Json:
    """Return the header that holds the secret. The API is the only origin, and it gets no other header."""
    (origin,) = config["Origins"]["Items"]
    (header,) = origin["CustomHeaders"]["Items"]
    return header
