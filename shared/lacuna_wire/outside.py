"""What programs outside of an editor get of its surroundings."""

import os
from typing import Dict

# Editors in an AppImage or a bundle point these at their own Python and libraries.
FOREIGN_PREFIXES = ("PYTHON", "LD_", "DYLD_")


def environment_of_others() -> Dict[str, str]:
    """Return the variables for programs that are no part of the editor in which this runs."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(FOREIGN_PREFIXES)
    }
