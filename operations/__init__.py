"""Tools for operators. They work on the embedded stack and on AWS, and are in no Lambda package."""
