"""The torch side: LaMa, its weights, the device they run on. Nothing else imports torch."""

import os

# Read once, when torch starts its threads. By default they spin while they wait for each other;
# beside an editor that computes too, that made a tile take four times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
