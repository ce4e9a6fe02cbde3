"""Moving images: import from other places, and export with metadata."""
