"""The daemon's front: HTTP on the loopback, a bounded queue, and one worker process that fills.

Nothing in here imports NumPy, torch or the engine: this process runs from login on and stays small.
"""
