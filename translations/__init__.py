"""What both plug-ins say in other languages, to be edited; `catalogues.py` does the rest."""
