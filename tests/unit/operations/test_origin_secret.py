from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from moto import mock_aws

from app.access.cdn import ORIGIN_SECRET_HEADER
from local.console import Problem
from operations.origin_secret import API_SECONDS, rotate
from shared.keyring import KEYS_LIFETIME_SECONDS


@dataclass
class Deployment:
    """A distribution and its secret. Something can happen while a rotation waits for the API."""

    secrets: Any
    cloudfront: Any
    outputs: dict[str, str] = field(default_factory=dict)
    seen: list[tuple[str, str]] = field(default_factory=list)
    """What the API took and what the CDN sent, at each wait."""
    slept: list[float] = field(default_factory=list)
    error: BaseException | None = None

    def rotate(self) -> None:
        clients = {"secretsmanager": self.secrets, "cloudfront": self.cloudfront}
        rotate(clients.__getitem__, self.outputs, sleep=self._sleep, report=lambda _: None)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seen.append((self.read("AWSPREVIOUS"), self.sent))
        if self.error:
            raise self.error

    def read(self, stage: str = "AWSCURRENT") -> str:
        value = self.secrets.get_secret_value(SecretId=self.outputs["OriginSecretArn"], VersionStage=stage)
        return str(value["SecretString"])

    @property
    def sent(self) -> str:
        config = self.cloudfront.get_distribution_config(Id=self.outputs["DistributionId"])
        (origin,) = config["DistributionConfig"]["Origins"]["Items"]
        return str(origin["CustomHeaders"]["Items"][-1]["HeaderValue"])


@pytest.fixture
def deployment() -> Any:  # noqa: ANN401 - a generator
    with mock_aws():
        secrets = boto3.client("secretsmanager", region_name="us-east-1")
        cloudfront = boto3.client("cloudfront", region_name="us-east-1")
        config = {
            "CallerReference": "a",
            "Comment": "images",
            "Enabled": True,
            "Origins": {
                "Quantity": 1,
                "Items": [
                    {
                        "Id": "api",
                        "DomainName": "a.example",
                        "CustomHeaders": {
                            "Quantity": 1,
                            "Items": [{"HeaderName": ORIGIN_SECRET_HEADER, "HeaderValue": "first"}],
                        },
                        "CustomOriginConfig": {
                            "HTTPPort": 80,
                            "HTTPSPort": 443,
                            "OriginProtocolPolicy": "https-only",
                        },
                    }
                ],
            },
            "DefaultCacheBehavior": {"TargetOriginId": "api", "ViewerProtocolPolicy": "https-only"},
        }
        outputs = {
            "OriginSecretArn": secrets.create_secret(Name="origin", SecretString="first")["ARN"],
            "DistributionId": cloudfront.create_distribution(DistributionConfig=config)["Distribution"]["Id"],
        }
        yield Deployment(secrets, cloudfront, outputs)


def test_cdn_sends_another_secret_that_the_api_has_known_before(deployment: Deployment) -> None:
    deployment.rotate()
    assert deployment.sent == deployment.read() != "first"
    assert len(deployment.sent) == 64
    assert deployment.sent.isalnum()
    assert deployment.seen == [("first", "first")]
    assert deployment.slept == [API_SECONDS]
    assert API_SECONDS > KEYS_LIFETIME_SECONDS


def test_each_rotation_makes_another_secret(deployment: Deployment) -> None:
    secrets = {"first"}
    for _ in range(3):
        deployment.rotate()
        assert deployment.sent == deployment.read()
        secrets.add(deployment.sent)
    assert len(secrets) == 4


def test_interrupted_rotation_goes_on_with_the_secret_that_it_made(deployment: Deployment) -> None:
    deployment.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        deployment.rotate()
    made = deployment.read()
    assert (deployment.sent, deployment.read("AWSPREVIOUS")) == ("first", "first")
    deployment.error = None
    deployment.rotate()
    assert deployment.sent == deployment.read() == made


def test_stack_without_a_cdn_has_nothing_to_rotate(deployment: Deployment) -> None:
    deployment.outputs.clear()
    with pytest.raises(Problem, match="Cdn=enabled"):
        deployment.rotate()
