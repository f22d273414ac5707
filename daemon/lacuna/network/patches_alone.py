"""No network: the completion by patches is the fill, and PyTorch is loaded for a GPU alone.

What is shown of a hole by patches is the same with `lacuna-small` and without it, up to what no
eye sees (docs/decisions/0015). A process without PyTorch begins at once and needs half the memory.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from lacuna.graphics import installed_build, unused_card
from lacuna.machine import processor_name
from lacuna.network_facts import USUAL_PIECE_PX, USUAL_TILE_PX, Role, usual_overlap
from lacuna_wire.cards import see_cards

from .catalogue import PATCHES, default_name

Pixels = NDArray[np.float32]

# Builds of PyTorch for the GPUs on which patches are searched, as `engine/fitting.py` says.
SEARCHING = {"cuda": "NVIDIA", "rocm": "AMD"}


class PatchesAlone:
    """What the engine is given where no network is wanted.

    Attributes:
        name: PATCHES.
        role: Holes are completed, and nothing is proposed.
        max_hole_radius_px: None is left to a network.
        tile_px, piece_px, overlap_px, multiple_px: Of meaning for networks alone.
        device: Where patches are searched, in PyTorch's words.
        device_name: The same, for people.
    """

    name = PATCHES
    role: Role = "corrects"
    max_hole_radius_px = 0
    tile_px, piece_px, overlap_px, multiple_px = (
        USUAL_TILE_PX, USUAL_PIECE_PX, usual_overlap(USUAL_TILE_PX), 8,
    )  # fmt: skip

    def __init__(self, device: str = "cpu", device_name: str = "") -> None:
        self.device = device
        self.device_name = device_name or processor_name()

    def fill(self, image: Pixels, mask: Pixels) -> Pixels:
        """Leave the completion (H, W, 3) as it is."""
        return image

    def fill_all(self, tiles: Iterable[tuple[Pixels, Pixels]]) -> Iterator[Pixels]:
        """Leave all completions as they are."""
        return (image for image, _mask in tiles)

    def on_cpu(self) -> "PatchesAlone | None":
        """Return the same on the processor; None if this is there."""
        return None if self.device == "cpu" else PatchesAlone()


def load_patches(wish: str = "auto") -> PatchesAlone:
    """Return patches alone on the device for a wish; PyTorch is loaded only if it is a GPU.

    Raises:
        Unprocessable: If a GPU is asked for that is not there or fails.
    """
    if wish == "cpu" or (wish == "auto" and not searches_on_gpu()):
        return PatchesAlone()
    from .device import choose_device, device_name

    device = choose_device(wish)
    return PatchesAlone(str(device), device_name(device))


def searches_on_gpu() -> bool:
    """Tell whether there is a card on which patches are searched, and PyTorch is built for it."""
    build = installed_build()
    make = SEARCHING.get(build.kind) if build else None
    return make is not None and any(
        card.make == make and not card.integrated for card in see_cards()
    )


def default_in_words() -> str:
    """Name the device of fills that leave all choices to Lacuna, and why it is no better one."""
    if default_name() != PATCHES or searches_on_gpu():
        from .device import default_in_words

        return default_in_words()
    reason = unused_card()
    return f"{processor_name()}, because {reason}" if reason else processor_name()
