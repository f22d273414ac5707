"""Many pictures, one after the other: which they are, what becomes of each, and what is told."""
