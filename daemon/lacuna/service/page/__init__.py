"""The daemon's own page in a browser: signing in, its files, and what it shows."""
