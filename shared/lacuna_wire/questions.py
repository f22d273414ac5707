"""What an editor asks a running daemon beside its fills. None is started for a question."""

from typing import List, Optional, Tuple

from .client import connect
from .editor import EditorSettings, new_request
from .errors import LacunaError
from .layout import PixelLayout
from .rect import Rect


def offered_weights() -> List[str]:
    """Return the names of the weights that the daemon has; none if nobody answers."""
    try:
        names = connect(start=False).status().get("weights")
    except LacunaError:
        return []
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def estimated_s(
    size: Tuple[int, int], selection: Rect, settings: EditorSettings
) -> Optional[float]:
    """Return the seconds that a fill will take, or None if nobody knows.

    Args:
        size: Width and height of the image.
        selection: Bounds of what is to be filled.
        settings: What the user chose.
    """
    # A mask of the user's does not change the time by much, and would have to be read.
    plain = settings._replace(copy_from="everywhere")
    try:
        request = new_request(size, selection, PixelLayout(), plain)
        return connect(start=False).estimate(request).seconds
    except LacunaError:  # none runs, it is of another age, or would not take the job
        return None
