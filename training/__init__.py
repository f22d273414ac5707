"""How lacuna-small is made: pictures, holes, first fills, losses, and what came of it."""
