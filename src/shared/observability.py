"""Structured logs. What a client sent never goes into them: ids, routes, codes and times do."""

from functools import cache

from aws_lambda_powertools import Logger


@cache
def get_logger() -> Logger:
    return Logger()
