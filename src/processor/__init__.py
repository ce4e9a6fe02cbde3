"""The functions behind the API: one processes new images, one follows the changes of the images table."""
