"""What the engine makes of pixels, to hold an editor's new layer against it."""

import uuid
from functools import cache

import numpy as np

from lacuna.engine.edge.find import find_edge
from lacuna.engine.geometry.context import plan_job
from lacuna.engine.pixels.composite import collect_into
from lacuna.engine.pixels.document import Document
from lacuna.filler import Filler
from lacuna_wire import JobRequest, Options, PixelLayout, Rect
from lacuna_wire.options import AUTO_GROW

# Two processes share the cores differently and add up in another order.
ROUNDING = {"u8": 1, "u16": 8, "f16": 2e-3, "f32": 1e-4}


def engine_fill(
    before: np.ndarray,
    selection: np.ndarray,
    layout: PixelLayout,
    grow: int = AUTO_GROW,
    feather: int = 0,
    result: str = "layer",
) -> tuple[Rect, np.ndarray]:
    """Fill the window that the daemon would ask for; once, if several editors have the same pixels.

    Args:
        before: (H, W, C) samples of the source as `layout` describes them.
        selection: (H, W) uint8, 255 = selected.
        layout: What the samples mean.
        grow: As in `Options.grow`; editors look for the edge by themselves.
        feather: Pixels.
        result: As in `Options.result`.

    Returns:
        Where the fill lies in `before`, and its samples, dtype and C as there.
    """
    key = (before.tobytes(), before.shape, selection.tobytes(), layout, grow, feather, result)
    if key not in _MADE:
        options = Options(device="cpu", grow=grow, feather=feather, result=result)
        _MADE[key] = _engine_fill(before, selection, layout, options)
    return _MADE[key]


_MADE: dict[tuple, tuple[Rect, np.ndarray]] = {}


def _engine_fill(before, selection, layout, options):
    rows, columns = np.nonzero(selection)
    selected = Rect.from_edges(
        int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1
    )
    height, width, channels = before.shape
    request = JobRequest(str(uuid.uuid4()), width, height, selected, layout, options)
    window, _ = plan_job(request)
    document = Document(before[window.slices], selection[window.slices], layout)
    made = []

    def begin(plan):
        made.append(np.zeros((plan.rect.height, plan.rect.width, channels), before.dtype))
        return collect_into(made[0], plan.rect, document, plan.options)

    edge = find_edge(document, options)
    outcome = filler().fill(edge.document, edge.options, begin, lambda _: None, lambda: False)
    return outcome.rect.shift(window.left, window.top), made[0]


@cache
def filler() -> Filler:
    """One for all tests: it keeps the network."""
    return Filler()
