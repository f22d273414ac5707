"""Measurements: `python -m benchmarks.NAME` prints figures and keeps them in results/NAME.json."""
