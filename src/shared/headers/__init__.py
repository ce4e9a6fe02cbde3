"""Headers of image files, read in Python: no parser in C sees a stranger's bytes in a function.

A reader does a bounded amount of work for each byte. It raises UnacceptableImage for a file that it refuses,
and `struct.error` or `IndexError` for one that ends too early.
"""
