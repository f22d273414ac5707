"""A network over tiles: shown, filled, blended, and made to fit into memory."""
