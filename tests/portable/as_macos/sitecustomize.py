"""Python finds this at its start if the folder is in PYTHONPATH: all is as if on macos."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import as_if

sys.path.pop(0)
as_if.install("macos")
