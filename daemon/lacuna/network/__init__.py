"""Networks, their weights and the devices that they run on: the part that needs torch."""

import os

# Read once, when torch starts its threads. By default they spin while they wait for each other;
# beside an editor that computes too, that made a tile take four times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# The same: large pages for large tensors. Mapping the small pages of a tile's widest
# layers took up to 8 % of its time (0, 2 and 8 % at three sizes).
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
