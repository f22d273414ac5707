"""A region completed by patches of its own known pixels, from coarse to fine."""
