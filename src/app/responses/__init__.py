"""Responses: what each caller sees of a record, and errors."""
