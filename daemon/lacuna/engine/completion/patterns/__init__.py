"""Regular things go on: facades, tiles and screentones are copied by the steps they repeat in."""
