"""JPEG by its coefficients: blocks under an edit are coded anew, all others keep their numbers."""
