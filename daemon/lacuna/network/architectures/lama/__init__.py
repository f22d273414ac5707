"""The LaMa network itself: layers and generator, without weights, files or devices."""
