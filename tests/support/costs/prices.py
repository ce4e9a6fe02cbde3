"""List prices of AWS in us-east-1, in USD and without the free tiers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

GB = 10**9
"""Bytes. AWS counts 2**30 for some prices, which makes them up to 7 % lower."""


class Part(StrEnum):
    """Something that AWS has a price for. The value names its service and its units."""

    GATEWAY = "API Gateway (REST): requests"
    RUN = "Lambda: requests"
    GB_SECOND = "Lambda, x86: GB-seconds"
    WRITE_UNIT = "DynamoDB on demand: write units"
    READ_UNIT = "DynamoDB on demand: read units"
    TABLE_GB = "DynamoDB: GB-months"
    BACKUP_GB = "DynamoDB, backups of the last 35 days: GB-months"
    S3_WRITE = "S3: PUT, COPY, POST or LIST requests"
    S3_READ = "S3: GET or HEAD requests"
    S3_DELETE = "S3: DELETE requests"
    BUCKET_GB = "S3: GB-months"
    TRANSFER_GB = "Transfer to the internet: GB"
    CDN_REQUEST = "CloudFront: HTTPS requests"
    CDN_GB = "CloudFront, transfer to the internet: GB"
    CDN_FUNCTION = "CloudFront Functions: requests"
    CDN_PATH = "CloudFront: paths of invalidations"
    SECRET = "Secrets Manager: secret-months"  # noqa: S105 - a price, no password
    SECRET_READ = "Secrets Manager: requests"  # noqa: S105 - same
    QUEUE = "SQS: requests"
    METRIC = "CloudWatch: metric-months"
    ALARM = "CloudWatch, alarms: metric-months"
    DASHBOARD = "CloudWatch: dashboard-months"
    TRACE = "X-Ray: traces"
    LOG_GB = "CloudWatch Logs: GB"
    WEB_ACL = "WAF: web ACL-months"
    WEB_ACL_RULE = "WAF: rule-months"
    WEB_ACL_REQUEST = "WAF: requests"

    @property
    def service(self) -> str:
        return self.partition(": ")[0]

    def format_amount(self, amount: float) -> str:
        """The amount with its unit."""
        unit = self.partition(": ")[2]
        number = f"{amount:,.0f}" if float(amount).is_integer() else f"{amount:g}"
        return f"{number} {unit.removesuffix('s') if amount == 1 else unit}"


@dataclass(frozen=True)
class Price:
    """Some USD for a number of units."""

    usd: float
    amount: int = 1

    @property
    def each(self) -> float:
        """USD for one unit."""
        return self.usd / self.amount


MILLION, THOUSAND = 1_000_000, 1000
PRICES: Mapping[Part, Price] = {
    Part.GATEWAY: Price(3.50, MILLION),
    Part.RUN: Price(0.20, MILLION),
    Part.GB_SECOND: Price(0.0000166667),
    Part.WRITE_UNIT: Price(0.625, MILLION),
    Part.READ_UNIT: Price(0.125, MILLION),
    Part.TABLE_GB: Price(0.25),
    Part.BACKUP_GB: Price(0.20),
    Part.S3_WRITE: Price(0.005, THOUSAND),
    Part.S3_READ: Price(0.0004, THOUSAND),
    Part.S3_DELETE: Price(0),
    Part.BUCKET_GB: Price(0.023),
    Part.TRANSFER_GB: Price(0.09),
    Part.CDN_REQUEST: Price(1.00, MILLION),
    Part.CDN_GB: Price(0.085),
    Part.CDN_FUNCTION: Price(0.10, MILLION),
    Part.CDN_PATH: Price(0.005),
    Part.SECRET: Price(0.40),
    Part.SECRET_READ: Price(0.05, 10 * THOUSAND),
    Part.QUEUE: Price(0.40, MILLION),
    Part.METRIC: Price(0.30),
    Part.ALARM: Price(0.10),
    Part.DASHBOARD: Price(3.00),
    Part.TRACE: Price(5.00, MILLION),
    Part.LOG_GB: Price(0.50),
    Part.WEB_ACL: Price(5),
    Part.WEB_ACL_RULE: Price(1),
    Part.WEB_ACL_REQUEST: Price(0.60, MILLION),
}


def get_usd(amounts: Mapping[Part, float]) -> float:
    return sum(amount * PRICES[part].each for part, amount in amounts.items())


def format_usd(usd: float) -> str:
    """Two decimals, or more if a price has more."""
    whole, _, decimals = f"{usd:.10f}".rstrip("0").partition(".")
    return f"{whole}.{decimals:0<2}"
