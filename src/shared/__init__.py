"""What the API and the processor both need; knows nothing of HTTP or of Lambda events."""
