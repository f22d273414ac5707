"""The one place that knows which system this is: what is there on some systems only.

Every function here works on all of them. What psutil, filelock and Python's own library do
everywhere is called where it is needed.
"""
