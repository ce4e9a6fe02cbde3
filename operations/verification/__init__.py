"""Runs against a deployed stack what only AWS can prove. docs/verification.md has the list of the claims."""
