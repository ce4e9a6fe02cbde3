"""The API function: one Lambda behind API Gateway."""

VERSION = "0.1.0"
"""The one source of the version: pyproject.toml reads it here."""
