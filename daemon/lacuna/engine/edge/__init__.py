"""Where what is selected runs out over its selection, and how far."""
