"""The functions behind the API: one processes new images, one cleans up after deleted ones."""
