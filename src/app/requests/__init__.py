"""Reading requests: bodies, forms and queries become models."""
