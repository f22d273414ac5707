"""Ways to fill a hole, by name: those that others have, and Lacuna's own strategies."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from lacuna.network.catalogue import find_weights
from lacuna.network.patches_alone import PatchesAlone
from lacuna.network.tile_network import TileNetwork, load_network

from .cases import Mask, Picture
from .peer_programs import PATCH_PROGRAMS, PeerProgram, why_missing
from .workbench import Network, fill_with

Fill = Callable[[Picture, Mask], Picture]

FOREIGN = ("telea", "matchpatch", *PATCH_PROGRAMS)
STRATEGIES = ("native", "tiles", "auto", "pyramid")
NO_GMIC = "matchpatch is left out: there is no `gmic` on this machine"
TELEA_RADIUS_PX = 5


def find_ways(
    names: Sequence[str], network: Network, tile: int, peers: str = "", grow: int = 0
) -> dict[str, Fill]:
    """Look ways up; what this machine does not have is left out, and a line says why.

    Args:
        names: `completion` is Lacuna without a network, as it fills by default; the others are in
            FOREIGN and STRATEGIES.
        network: For Lacuna's own.
        tile: Side of its tiles in pixels; 0 for what suits it.
        peers: Interpreter of the environment with PATCH_PROGRAMS; empty if there is none.
        grow: As in `Options`, for Lacuna's own.

    Raises:
        ValueError: If there is no way of such a name.
    """
    known: dict[str, Fill] = {"telea": telea, "matchpatch": matchpatch}
    known["completion"] = partial(fill_with, PatchesAlone(), tile=tile, grow=grow)
    for strategy in STRATEGIES:
        known[strategy] = partial(fill_with, network, strategy=strategy, tile=tile, grow=grow)
    unknown = [name for name in names if name not in {*known, *PATCH_PROGRAMS}]
    if unknown:
        raise ValueError(
            f"there is no way {unknown[0]!r}, only {', '.join([*known, *PATCH_PROGRAMS])}"
        )
    if not shutil.which("gmic") and "matchpatch" in names:
        print(NO_GMIC)
        del known["matchpatch"]
    for name in PATCH_PROGRAMS:
        if name in names:
            reason = why_missing(name, peers)
            if reason:
                print(reason)
            else:
                known[name] = PeerProgram(name, peers)
    return {name: known[name] for name in names if name in known}


def keep_fills(ways: dict[str, Fill], folder: Path, state: str) -> dict[str, Fill]:
    """Keep what every way makes as PNG in a folder, and take it from there the next time.

    Args:
        ways: By name.
        folder: It is made if it is not there.
        state: What the fills of Lacuna's own ways depend on.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def kept(name: str, way: Fill, picture: Picture, mask: Mask) -> Picture:
        stamp = "" if name in FOREIGN else state
        seen = picture.tobytes() + mask.tobytes() + stamp.encode()
        path = folder / f"{hashlib.sha256(seen).hexdigest()[:16]}-{name}.png"
        if not path.exists():
            unfinished = path.with_suffix(f".{os.getpid()}.png")
            cv2.imwrite(str(unfinished), np.ascontiguousarray(way(picture, mask)[..., ::-1]))
            unfinished.replace(path)
        return np.ascontiguousarray(cv2.imread(str(path))[..., ::-1], np.uint8)

    return {name: partial(kept, name, way) for name, way in ways.items()}


def load_weights(name: str | Path) -> TileNetwork:
    """Load weights by their name in the catalogue or from a file."""
    return load_network(find_weights(name))


def telea(picture: Picture, mask: Mask) -> Picture:
    """OpenCV's `INPAINT_TELEA`."""
    return np.asarray(cv2.inpaint(picture, mask, TELEA_RADIUS_PX, cv2.INPAINT_TELEA), np.uint8)


def matchpatch(picture: Picture, mask: Mask) -> Picture:
    """G'MIC's inpainting by patches (command `inpaint_matchpatch`), known pixels put back."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("picture.png", "mask.png", "filled.png")]
        cv2.imwrite(str(paths[0]), picture[..., ::-1])
        cv2.imwrite(str(paths[1]), mask)
        fill = ["-inpaint_matchpatch[0]", "[1]", "-keep[0]", "-cut", "0,255"]
        command = ["gmic", *map(str, paths[:2]), *fill, "-output", str(paths[2])]
        subprocess.run(command, check=True, capture_output=True)
        filled = np.asarray(cv2.imread(str(paths[2])), np.uint8)[..., ::-1]
    return np.where(mask[..., None] > 0, filled, picture).astype(np.uint8)
