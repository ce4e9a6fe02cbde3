"""`python -m images` is the command `images`."""

import sys

from images.main import main

if __name__ == "__main__":
    sys.exit(main())
