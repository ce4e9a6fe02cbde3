"""The API function: one Lambda behind API Gateway."""

VERSION = "0.1.0"
