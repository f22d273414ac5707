"""How much of the picture a fill has to see: plain geometry, before any pixel is read.

The daemon's front answers a job with this window, so the module needs neither NumPy nor the engine.
"""

from lacuna.network_facts import USUAL_TILE_PX, usual_overlap
from lacuna_wire import JobRequest, Rect

MIN_CONTEXT_PX = 64


def context_window(part: Rect, image: Rect) -> Rect:
    """Enlarge a missing part by the context that a fill of it needs, clipped to the image.

    The margin is half the longer side, so that structure can be followed into the hole, but no more
    than the shorter side: a wire across the whole picture is thin and needs its neighbourhood only.
    """
    longer, shorter = max(part.width, part.height), min(part.width, part.height)
    margin = max(MIN_CONTEXT_PX, min(longer // 2, shorter))
    return part.grow(margin).intersect(image)


def plan_job(request: JobRequest) -> tuple[Rect, int]:
    """Name the window that the client has to send, and about how many tiles it will take.

    Returns:
        The window in image coordinates, and the tiles on the picture's own level for a selection
        that fills its bounds: no route fills more.
    """
    part = request.selection.grow(request.options.grow).intersect(request.image)
    tile = request.options.tile or USUAL_TILE_PX
    overlap = request.options.overlap if request.options.overlap >= 0 else usual_overlap(tile)
    step = tile - overlap
    tiles = max(1, -(-part.width // step)) * max(1, -(-part.height // step))
    return context_window(part, request.image), tiles
