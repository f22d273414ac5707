"""All kernels, compiled before somebody waits for them."""

import numpy as np

from lacuna_wire import PixelLayout

from ..pixels.document import Document
from ..pixels.hole import reduce_missing
from ..pixels.levels import build_levels, coarsest_first
from .backend.comparing import take_cheapest
from .complete import complete_window
from .patterns.labelling import find_neighbours, label_cells
from .proposal import propose
from .schedule import TUNING, schedule_completion


def warm_up() -> None:
    """Have the kernels compiled before somebody waits for it: seconds, once per version."""
    missing = np.zeros((64, 64), np.uint8)
    missing[30:34, 30:34] = 1
    opaque = Document(np.zeros((64, 64, 3), np.uint8), missing, PixelLayout("RGB"))
    ink = Document(np.zeros((64, 64, 4), np.uint8), missing, PixelLayout("RGBA"))
    large = TUNING._replace(whole_window_px=0)  # shown piece by piece
    # Levels with texture, and without, and with alpha.
    for document, by_network in (
        (opaque, False),
        (opaque, True),
        (ink._replace(carries_alpha=True), False),
    ):
        levels = build_levels(document, missing, 1)
        proposed = propose(levels[-1].image, reduce_missing(missing), 1) if by_network else None
        schedule = schedule_completion(missing, 1, by_network, large)
        completion = complete_window(
            document, missing, coarsest_first(levels), schedule, lambda: None, proposed
        )
        completion.show(document.rect)
    # A hole as small as that is not peeled.
    one, row = np.zeros((1, 1), np.float32), np.zeros(1, np.float32)
    take_cheapest(one, one, one[None], one, row, row, row, np.zeros(1, np.int64))
    no_neighbours = find_neighbours(np.ones((1, 1), bool))
    label_cells(np.zeros((1, 1), np.float32), np.zeros((1, 1, 1), np.float32), no_neighbours, 1)
