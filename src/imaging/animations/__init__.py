"""Animations taken apart into the pictures that a browser shows, one after the other."""
