"""Memory is set by the largest region, not by the picture: measured in processes of their own."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
import tifffile

from lacuna_wire import Rect

MEASURE = """
import sys
from pathlib import Path
from lacuna.filler import Filler
from lacuna.files import save_picture
from lacuna.removal import RemovalPaths, fill_here, prepare
from lacuna_wire import Options

removal = prepare(
    RemovalPaths(*map(Path, sys.argv[1:])),
    Options(result="composite", device="cpu", tile=256, grow=3, weights="lacuna-small"),
)
save_picture(removal.picture, removal.out, fill_here(removal, lambda _: None, Filler()).edits)
# Not ru_maxrss, which begins with the peak of the process that started this one.
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""
TILE_PX = 256
HOLE_PX = 40
ALLOWED_KIB = 50 * 1024  # all of the larger picture, its mask and the result are 470,000


def write_picture(path, side, options):
    rng = np.random.default_rng(3)
    if "tile" in options:
        pattern = rng.integers(0, 256, (TILE_PX, TILE_PX, 3)).astype(np.uint8)
        data = itertools.repeat(pattern, (side // TILE_PX) ** 2)
    else:
        row = rng.integers(0, 256, (1, side, 3)).astype(np.uint8)
        data = np.broadcast_to(row, (side, side, 3))
    tifffile.imwrite(
        path, data, shape=(side, side, 3), dtype=np.uint8, photometric="rgb", **options
    )


def holes_of(side):
    """Return as many as in any other picture, as far from each other as they can be."""
    return [Rect(50, 50, HOLE_PX, HOLE_PX), Rect(side - 200, side - 150, HOLE_PX, HOLE_PX)]


def write_mask(path, side):
    def tiles():
        for top in range(0, side, TILE_PX):
            for left in range(0, side, TILE_PX):
                place = Rect(left, top, TILE_PX, TILE_PX)
                tile = np.zeros((TILE_PX, TILE_PX), np.uint8)
                for hole in holes_of(side):
                    tile[hole.intersect(place).relative_to(place).slices] = 255
                yield tile

    tifffile.imwrite(
        path, tiles(), shape=(side, side), dtype=np.uint8, tile=(TILE_PX, TILE_PX),
        compression="zlib",
    )  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
@pytest.mark.parametrize(
    "options",
    [{"tile": (TILE_PX, TILE_PX), "bigtiff": True}, {"rowsperstrip": 16, "compression": "zlib"}],
    ids=["BigTIFF", "compressed strips"],
)
def test_sixteen_times_as_large_a_picture_takes_no_more_memory(tmp_path, options):
    peaks_kib = []
    for side in (2048, 8192):
        paths = [tmp_path / f"{name}{side}.tif" for name in ("picture", "mask", "out")]
        write_picture(paths[0], side, options)
        write_mask(paths[1], side)
        run = subprocess.run(
            [sys.executable, "-c", MEASURE, *map(str, paths)],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        peaks_kib.append(int(run.stdout))

    small_kib, large_kib = peaks_kib
    assert large_kib < small_kib + ALLOWED_KIB
    before, after = (tifffile.imread(paths[index]) for index in (0, 2))
    changed = (before != after).any(axis=2)
    for hole in holes_of(8192):
        # The rows of one picture are all alike: part of them comes back as it was.
        assert changed[hole.slices].mean() > 0.5
        changed[hole.grow(3).slices] = False
    assert not changed.any()
    for path in tmp_path.iterdir():
        path.unlink()  # several hundred megabytes
