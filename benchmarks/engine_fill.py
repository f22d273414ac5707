"""The engine as one call on a picture in memory, and its guides kept: most time is theirs."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

import lacuna.engine.inpaint
from lacuna.engine.completion import Guide, native_guide
from lacuna.engine.fill import Network
from lacuna.engine.inpaint import changed_rect, inpaint
from lacuna.engine.planes import Document, Pixels
from lacuna_wire import Options, PixelLayout

from .cases import Mask, Picture


class BareGuide:
    """A network that answers with what it is shown: the guide alone."""

    role, tile_px, overlap_px, max_hole_radius_px = "corrects", 512, 64, 64

    def fill(self, image: Pixels, mask: Pixels) -> Pixels:
        return image

    def fill_all(self, tiles: Iterable[tuple[Pixels, Pixels]]) -> Iterator[Pixels]:
        return (image for image, _mask in tiles)


def fill_with(
    network: Network, picture: Picture, mask: Mask, strategy: str = "auto", tile: int = 0
) -> Picture:
    """Fill a picture: uint8 (H, W, 3), known pixels as they were.

    Args:
        network: Fills tiles.
        picture: uint8 (H, W, 3) RGB.
        mask: uint8 (H, W), 255 = missing.
        strategy: As in `Options`.
        tile: Side of a tile in pixels; 0 for what suits the network.
    """
    options = Options(result="composite", strategy=strategy, tile=tile)
    rect = changed_rect(mask, options)
    filled = np.zeros((rect.height, rect.width, 3), np.uint8)
    document = Document(picture, mask, PixelLayout("RGB"))
    inpaint(document, options, network, filled, lambda *_: None, lambda: False)
    whole = picture.copy()
    whole[rect.slices] = filled
    return whole


def engine_digest() -> str:
    """SHA-256 of the sources of the engine."""
    folder = Path(next(iter(lacuna.engine.__path__)))
    sources = b"".join(path.read_bytes() for path in sorted(folder.glob("*.py")))
    return hashlib.sha256(sources).hexdigest()


@contextmanager
def guides_made_once(folder: Path) -> Iterator[None]:
    """Keep guides in a folder: they cost ten times as much as what the network adds to them."""
    folder.mkdir(parents=True, exist_ok=True)
    digest = engine_digest().encode()

    def kept(window: Document, missing: NDArray[np.uint8], *others: Any) -> Guide:
        seen = digest + window.samples.tobytes() + missing.tobytes()
        path = folder / f"{hashlib.sha256(seen).hexdigest()}.npy"
        if not path.exists():
            unfinished = path.with_suffix(f".{os.getpid()}.npy")
            np.save(unfinished, native_guide(window, missing, *others)(window.rect))
            unfinished.replace(path)
        image = np.load(path)
        return lambda rect: np.asarray(image[rect.slices])

    with mock.patch.object(lacuna.engine.inpaint, "native_guide", kept):
        yield
