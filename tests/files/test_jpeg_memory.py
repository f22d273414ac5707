"""What opening and saving a JPEG takes, against what is said before (`--estimate`)."""

import subprocess
import sys

import pytest

from tests.files.jpegs import grainy, jpeg_of

CODE = """
import sys
from pathlib import Path
from lacuna.files import open_picture, save_picture
from lacuna.files.coefficients.warm_up import warm_up
from lacuna.system.peak import peak_bytes
from lacuna_wire.rect import Rect

warm_up()
before = peak_bytes()
picture = open_picture(Path(sys.argv[1]))
rect = Rect(900, 900, 500, 400)
save_picture(picture, Path(sys.argv[2]), [(rect, ~picture.read(rect))])
pixel_bytes = picture.width * picture.height * 3
print(peak_bytes() - before, pixel_bytes, picture.working_bytes)
"""


@pytest.mark.parametrize("progressive", [False, True], ids=["sequential", "progressive"])
def test_peak_stays_within_what_is_said_of_it(tmp_path, progressive):
    """36 megapixels: beside the pixels a band of coefficients, or all of them."""
    tile = grainy(1_000, 1_000)
    pixels = tile.repeat(6, 0).repeat(6, 1)
    (tmp_path / "in.jpg").write_bytes(jpeg_of(pixels, progressive=progressive))
    del pixels

    run = subprocess.run(
        [sys.executable, "-c", CODE, tmp_path / "in.jpg", tmp_path / "out.jpg"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip

    peak, pixel_bytes, working_bytes = map(int, run.stdout.split())
    assert peak <= (pixel_bytes + working_bytes) * 1.1
    assert peak >= pixel_bytes  # else it measures nothing
    assert (working_bytes > 1.0 * pixel_bytes) is progressive
