"""What the plug-in remembers between two clicks: GIMP keeps it, also when it is closed.

In parasites of GIMP itself: all procedures share them, while GIMP's own memory of last values
belongs to one procedure.
"""

import json
from typing import Any, Dict

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp


def recall(name: str) -> Dict[str, Any]:
    """Return what was kept under a name; what cannot be read counts as nothing."""
    parasite = Gimp.get_parasite(name)
    if parasite is None:
        return {}
    try:
        kept = json.loads(bytes(parasite.get_data()))
    except (ValueError, RecursionError):
        return {}
    return kept if isinstance(kept, dict) else {}


def keep_under(name: str, values: Dict[str, Any]) -> None:
    """Keep values that JSON can say under a name, in place of what was there."""
    data = json.dumps(values).encode("utf-8")
    Gimp.attach_parasite(Gimp.Parasite.new(name, Gimp.PARASITE_PERSISTENT, data))
