"""Structured logs. They hold ids, routes, codes and times, and never what a client sent."""

from functools import cache

from aws_lambda_powertools import Logger


@cache
def get_logger() -> Logger:
    return Logger()
