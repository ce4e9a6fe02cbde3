"""The functions behind the API: renditions for new images, cleanup after deleted ones."""
