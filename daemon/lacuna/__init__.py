"""Lacuna removes what does not belong from pictures of any size, on your own computer."""

__version__ = "0.1.0"
