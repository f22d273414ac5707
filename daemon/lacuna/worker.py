"""The worker process: takes orders from the daemon's front and fills them.

`python -m lacuna worker` runs it; nobody else does.
"""

from pathlib import Path

import numpy as np

from lacuna.engine.edge.find import find_edge
from lacuna.engine.pixels.composite import Take, collect_into
from lacuna.engine.pixels.document import Document, Samples
from lacuna.engine.plan import FillPlan
from lacuna.filler import Filler
from lacuna.network.patches_alone import default_in_words
from lacuna.samples import DTYPES
from lacuna.service.orders import Filled, Order
from lacuna.service.spool import allocate
from lacuna.service.worker_process import serve_orders
from lacuna_wire import JobRequest, PixelLayout, Rect
from lacuna_wire.messages import Report, ShouldStop


def run_worker() -> None:
    """Fill orders until the front is gone."""
    filler = Filler()

    def fill(order: Order, report: Report, should_stop: ShouldStop) -> Filled:
        return fill_order(filler, order, report, should_stop)

    serve_orders(fill, default_in_words(), lambda: filler.device_lost)


def fill_order(filler: Filler, order: Order, report: Report, should_stop: ShouldStop) -> Filled:
    """Fill one order from its spool file to another; both are only ever mapped."""
    request, window = order.request, order.window
    document = map_document(order.input, window, request)
    edge = find_edge(document, request.options, should_stop)

    def begin(plan: FillPlan) -> Take:
        result = map_result(order.output, plan.rect, request.layout)
        return collect_into(result, plan.rect, document, plan.options)

    outcome = filler.fill(
        edge.document, edge.options, begin, report, should_stop, order.smaller_tiles
    )
    where = outcome.rect.shift(window.left, window.top)
    return Filled(
        where, outcome.tiles, outcome.device, outcome.result, edge.grown_px, outcome.weights
    )


def map_document(path: Path, window: Rect, request: JobRequest) -> Document:
    """Map an upload: the samples of `window`, its selection and what may be copied of it."""
    layout, starts = request.layout, request.plane_starts(window)
    shape = (window.height, window.width)
    samples = np.memmap(
        path, DTYPES[layout.sample], "r", starts["pixels"], (*shape, layout.channel_count)
    )
    selection = np.memmap(path, np.uint8, "r", starts["selection"], shape)
    sources = None
    if "sources" in starts:
        sources = np.memmap(path, np.uint8, "r", starts["sources"], shape)
    return Document(samples, selection, layout, sources)


def map_result(path: Path, rect: Rect, layout: PixelLayout) -> Samples:
    """Make a file of zeros for the samples of `rect` and map it for writing.

    Raises:
        NoSpace: If there is no room for it: better now than as a bus error in mid tile.
    """
    allocate(path, rect.area * layout.pixel_bytes)
    shape = (rect.height, rect.width, layout.channel_count)
    return np.memmap(path, DTYPES[layout.sample], "r+", 0, shape)
