"""What the coarsest level of a completion begins with."""
