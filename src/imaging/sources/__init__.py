"""Files taken apart in Python, so that Pillow gets what makes pixels, and no metadata can disturb it."""
