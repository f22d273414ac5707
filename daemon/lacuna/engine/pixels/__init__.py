"""What pixels are and what is done to them one by one: samples, holes, levels, composite."""
