"""What connects the daemon to the programs on the user's desktop."""
