"""Memory is set by the window, not by the picture: measured in a process of its own."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
import tifffile

from lacuna.files import open_picture
from lacuna_wire.rect import Rect

SIDE_PX = 6_000

MEASURE = """
import sys
from pathlib import Path
import numpy as np
from lacuna.files import open_picture, save_picture
from lacuna_wire.rect import Rect

def peak():
    # Not ru_maxrss, which begins with the peak of the process that started this one.
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024

source, out = map(Path, sys.argv[1:])
rect = Rect(3000, 3000, 300, 300)
warm = open_picture(source).read(Rect(0, 0, 16, 16))
before = peak()
picture = open_picture(source)
window = picture.read(rect)
save_picture(picture, out, [(rect, window ^ 255)])
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
@pytest.mark.parametrize(
    "options",
    [
        {"tile": (512, 512), "compression": "zstd"},
        {"tile": (512, 512)},
        {"rowsperstrip": SIDE_PX},
    ],
    ids=["compressed tiles", "plain tiles", "one plain strip"],
)
def test_memory_is_set_by_the_window_not_by_the_picture(tmp_path, options):
    """6,000 x 6,000 px are 108 MB; what is allowed on top of the libraries is 24 MB."""
    side = SIDE_PX
    tile = options.get("tile", (side, side))
    rng = np.random.default_rng(4)
    # One pattern repeated: quick to make, and nothing here compresses whole pictures.
    pattern = rng.integers(0, 255, (*tile, 3), dtype=np.uint8) if tile[0] < side else None
    if pattern is None:
        row = rng.integers(0, 255, (1, side, 3), dtype=np.uint8)
        data = np.broadcast_to(row, (side, side, 3))
    else:
        count = (-(-side // tile[0])) ** 2
        data = itertools.repeat(pattern, count)
    tifffile.imwrite(
        tmp_path / "in.tif", data, shape=(side, side, 3), dtype=np.uint8, photometric="rgb",
        **options,
    )  # fmt: skip

    grown = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path / "in.tif"), str(tmp_path / "out.tif")],
        check=True, capture_output=True, text=True,
    )  # fmt: skip

    assert int(grown.stdout) < 24_000_000
    rect = Rect(3000, 3000, 300, 300)
    before, after = (open_picture(tmp_path / name).read(rect) for name in ("in.tif", "out.tif"))
    np.testing.assert_array_equal(after, before ^ 255)
    for path in tmp_path.iterdir():
        path.unlink()  # pytest keeps what is in the folders of the last runs
