"""Callers, and the rules of what they may do."""
