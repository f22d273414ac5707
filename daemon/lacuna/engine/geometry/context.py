"""How much of the picture a fill has to see: plain geometry, before any pixel is read.

The daemon's front answers a job with this window, so the module needs neither NumPy nor the engine.
"""

from lacuna.network_facts import USUAL_PIECE_PX, USUAL_TILE_PX, Role, usual_overlap
from lacuna_wire import JobRequest, Rect

MIN_CONTEXT_PX = 64
# What is copied along one axis alone lies in a strip hardly wider than the part, at the border of
# the picture half as wide: it has to be longer.
MIN_ALONG_PX = 5 * MIN_CONTEXT_PX
# A network that proposes has nothing but what it is shown. Others show the published weights 128 px
# around a hole, and those were trained on holes of at most half of what is seen.
MIN_PAINTED_CONTEXT_PX = 128
LEAST_PAINTED_PX = 512  # of a side of such a window
MOST_OF_A_WINDOW = 0.45  # that the part takes: on a coarse level it takes a little more


def context_window(part: Rect, image: Rect) -> Rect:
    """Enlarge a missing part by the context that a fill of it needs, clipped to the image.

    The margin is half the longer side, so that structure can be followed into the hole, but no more
    than the shorter side: a wire across the whole picture is thin and needs its neighbourhood only.
    """
    return part.grow(max(MIN_CONTEXT_PX, usual_margin(part))).intersect(image)


def usual_margin(part: Rect) -> int:
    longer, shorter = max(part.width, part.height), min(part.width, part.height)
    return min(longer // 2, shorter)


def painted_window(part: Rect, image: Rect) -> Rect:
    """Enlarge a missing part by what a network has to see that paints it by itself.

    At least MIN_PAINTED_CONTEXT_PX and as much as `context_window`, no side shorter than
    LEAST_PAINTED_PX, and no more than half of it missing, as far as the image has the pixels.
    """
    margin = max(MIN_PAINTED_CONTEXT_PX, usual_margin(part))
    while True:
        window = part.grow(margin).intersect(image)
        if part.area <= MOST_OF_A_WINDOW * window.area or window == image:
            break
        margin *= 2  # where the image ends beside the part, it goes on elsewhere
    left, width = _at_least(window.left, window.width, image.left, image.width)
    top, height = _at_least(window.top, window.height, image.top, image.height)
    return Rect(left, top, width, height)


def _at_least(start: int, length: int, first: int, available: int) -> tuple[int, int]:
    """Lengthen a side of a window to LEAST_PAINTED_PX, inside of the image: start and length."""
    wanted = max(length, min(LEAST_PAINTED_PX, available))
    start -= (wanted - length) // 2
    return min(max(first, start), first + available - wanted), wanted


def along(part: Rect, direction: str, image: Rect) -> Rect:
    """Bound all that lies in a direction (as `Options.copy_direction`) from a part of an image."""
    if direction == "horizontal":
        return Rect(image.left, part.top, image.width, part.height).intersect(image)
    if direction == "vertical":
        return Rect(part.left, image.top, part.width, image.height).intersect(image)
    return image


def lengthened(part: Rect, direction: str, image: Rect) -> Rect:
    """Enlarge a part along the direction that is copied from, clipped to the image.

    What lies beside it there is as much as the part itself, which may all be missing. Where the
    image ends on one side, the other side gives more.

    Args:
        part: Bounds of what is missing.
        direction: As `Options.copy_direction`.
        image: All there is.
    """
    left, right, top, bottom = part.left, part.right, part.top, part.bottom
    if direction == "horizontal":
        left, right = _lengthened(left, right, image.right)
    elif direction == "vertical":
        top, bottom = _lengthened(top, bottom, image.bottom)
    return Rect.from_edges(left, top, right, bottom)


def _lengthened(start: int, end: int, limit: int) -> tuple[int, int]:
    length = min(limit, end - start + max(MIN_ALONG_PX, end - start))
    start = min(max(0, (start + end - length) // 2), limit - length)
    return start, start + length


def plan_job(request: JobRequest, role: Role = "corrects") -> tuple[Rect, int]:
    """Name the window that the client has to send, and about how many tiles it will take.

    It holds what the engine looks at: the context of the selection, more of it along the direction
    that is copied from, and all of `request.sources`, however far away. An edge that is found
    has room in it: MIN_CONTEXT_PX are more than it may add.

    Args:
        request: What a client asks for.
        role: Of the network that will fill it.

    Returns:
        The window in image coordinates, and about how many tiles of the usual size the network
        fills: those over a selection that fills its bounds, or those that make up the piece which
        a network that proposes is shown. No route fills more.
    """
    part = request.selection.grow(request.options.least_grow).intersect(request.image)
    tile = request.options.tile or USUAL_TILE_PX
    overlap = request.options.overlap if request.options.overlap >= 0 else usual_overlap(tile)
    step = tile - overlap
    tiles = max(1, -(-part.width // step)) * max(1, -(-part.height // step))
    window = context_window(part, request.image)
    if role == "proposes":
        # A small part at the bounds of the selection has a window of its own.
        around = part.grow(LEAST_PAINTED_PX // 2).intersect(request.image)
        window = painted_window(part, request.image).union(around)
        tiles = max(tiles, -(-min(window.area, USUAL_PIECE_PX) // tile**2))
    window = window.union(lengthened(part, request.options.copy_direction, request.image))
    if request.sources is not None:
        window = window.union(request.sources)
    return window, tiles
