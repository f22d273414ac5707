"""Lacuna inside GIMP 3: reads the selection's surroundings, asks the daemon, adds a layer."""
