"""A package, so that the daemons of `conftest.py` end with its last test."""
