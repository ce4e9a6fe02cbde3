"""The API function: one Lambda behind API Gateway."""
