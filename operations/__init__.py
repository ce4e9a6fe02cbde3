"""Tools for operators, for the embedded stack and for AWS. No Lambda package holds them."""
