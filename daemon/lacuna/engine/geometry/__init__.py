"""Where things lie, in whole pixels: windows with context, regions, tiles."""
