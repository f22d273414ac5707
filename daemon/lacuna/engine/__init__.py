"""The engine: what happens to pixels between the selection and the fill. NumPy only.

`inpaint.py` is the table of contents; the network comes in as an argument.
"""
