"""A command for scripts: `images`."""
