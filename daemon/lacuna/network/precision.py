"""The precision that weights fill in: bfloat16 where that is faster and changes nothing to be seen.

How far rounding to bfloat16 changes a fill depends on the weights, and by how they are computed on
the device. So both precisions fill one picture, once for each, and the difference is recorded.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from lacuna_wire.errors import LacunaError

from .catalogue import is_imported, is_shipped
from .device import choose_precision, lasting_name
from .difference import Difference
from .index import record_difference
from .weights_info import WeightsInfo

# A face of a cat: fur, whiskers, edges and what is out of focus. uint8 (256, 256, 3), from the
# photograph `chelsea` of scikit-image, by Stefan van der Walt, CC0-1.0.
PICTURE = Path(__file__).parent / "pictures/cat.npy"
HOLE_RADIUS_PX = 56

Pixels = NDArray[np.float32]
# Fills a tile, image (H, W, 3) and mask (H, W, 1), on a device in a precision.
FillIn = Callable[[torch.device, torch.dtype, Pixels, Pixels], Pixels]

log = logging.getLogger(__name__)


def known_precision(info: WeightsInfo, *devices: torch.device) -> torch.dtype:
    """Return what weights fill in by what is recorded; what was never measured counts as equal."""
    known = [info.bfloat16[lasting_name(d)] for d in devices if lasting_name(d) in info.bfloat16]
    return choose_precision(*devices) if all(one.invisible for one in known) else torch.float32


def settle_precision(
    info: WeightsInfo, devices: Sequence[torch.device], fill_in: FillIn
) -> torch.dtype:
    """Return what weights fill in, measured and recorded where that has not been done yet.

    The weights that ship with Lacuna were measured when they were made (docs/performance.md).

    Args:
        info: The weights.
        devices: All that fill together.
        fill_in: Fills a tile with them.

    Raises:
        DeviceLost: If a device has failed.
    """
    precision = choose_precision(*devices)
    if precision == torch.float32 or is_shipped(info):
        return precision
    known = dict(info.bfloat16)
    for device in devices:
        name = lasting_name(device)
        if name not in known:
            try:
                known[name] = measure(device, fill_in)
            except MemoryError as error:  # measured when there is more; until then, no risk
                log.warning("no memory to compare precisions of %s: %s", info.name, error)
                return torch.float32
            _record(info, name, known[name])
        if not known[name].invisible:
            return torch.float32
    return precision


def measure(device: torch.device, fill_in: FillIn) -> Difference:
    """Fill the hole of `PICTURE` in both precisions and compare, in parts of 255."""
    image = np.load(PICTURE, allow_pickle=False).astype(np.float32) / 255
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    away = np.hypot(rows - image.shape[0] // 2, columns - image.shape[1] // 2)
    missing = away <= HOLE_RADIUS_PX
    mask = missing[..., None].astype(np.float32)
    exact, rounded = (
        fill_in(device, precision, image, mask)[missing]
        for precision in (torch.float32, torch.bfloat16)
    )
    differences = 255 * np.abs(exact - rounded)
    return Difference(round(float(differences.mean()), 4), round(float(differences.max()), 4))


def _record(info: WeightsInfo, device: str, difference: Difference) -> None:
    log.info("%s on %s: bfloat16 differs by %s of 255", info.name, device, tuple(difference))
    if not is_imported(info):
        return
    try:
        record_difference(info.name, device, difference)
    except LacunaError as error:  # then it is measured again
        log.warning("%s", error)
