"""Photographs as cameras and their programs wrote them: what a copy still says and shows."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from lacuna.files import open_picture, save_picture
from lacuna.files.coefficients.recode import recode
from lacuna.files.coefficients.stream import cut
from lacuna_wire.rect import Rect
from tests.files.jpegs import by_opencv, by_turbo

PHOTOS = Path(__file__).parents[3] / "shared/photos"
CAMERAS = [
    "budgie_oakland-zoo-otters.jpg",  # 4:2:0, IPTC, Photoshop's resources
    "budgie_high-trestle-trail.jpg",  # 4:4:4, an odd width
    "budgie_lake-sherburne.jpg",  # 4:2:0, progressive
    "pop_ng-32703.jpg",
]
RECT = Rect(1200, 800, 320, 240)
# Of the file and not of the picture, or a preview that would show what was removed.
OF_THE_FILE = {"ExifTool", "System", "SourceFile", "IFD1"}
PREVIEWS = {"ThumbnailImage", "ThumbnailOffset", "ThumbnailLength", "PhotoshopThumbnail",
            "PreviewImage"}  # fmt: skip


def photo(name):
    if not PHOTOS.exists():
        pytest.skip(f"there are no photographs in {PHOTOS}")
    return PHOTOS / name


def tags_of(path):
    shown = subprocess.run(["exiftool", "-j", "-G1", "-u", path], check=True, capture_output=True)
    return {
        name: value
        for name, value in json.loads(shown.stdout)[0].items()
        if name.partition(":")[0] not in OF_THE_FILE
    }


@pytest.mark.parametrize("name", CAMERAS)
def test_photograph_keeps_its_other_blocks_its_size_and_what_it_says(tmp_path, name):
    source, out = photo(name), tmp_path / "out.jpg"
    picture = open_picture(source)
    new = picture.read(RECT.shift(-91, 53))  # what a fill is made of: patches from nearby

    (remark,) = save_picture(picture, out, [(RECT, new)])

    reach = int(remark.split(" px")[0].split()[-1])
    data, copy = source.read_bytes(), out.read_bytes()
    for decode in (by_turbo, by_opencv):
        different = (decode(data) != decode(copy)).any(axis=2)
        assert different[RECT.slices].any()
        different[RECT.grow(reach).slices] = False
        assert not different.any()
    assert 0.99 < len(copy) / len(data) < 1.01
    if shutil.which("exiftool"):
        before, after = tags_of(source), tags_of(out)
        assert {key for key in before if before[key] != after.get(key)} - {
            key for key in before if key.partition(":")[2] in PREVIEWS
        } == set()
        assert set(after) <= set(before)


def test_share_of_blocks_that_change_is_that_of_the_edit():
    data = photo(CAMERAS[0]).read_bytes()
    pixels = by_turbo(data).copy()
    pixels[RECT.slices] = 255 - pixels[RECT.slices]
    changed = np.ones((RECT.height, RECT.width), bool)

    recoded = recode(cut(data).parts, pixels, [(RECT, changed)], True)

    # 40 x 30 blocks of brightness, and 20 x 15 of each colour, which cover 16 px.
    assert recoded.changed == (40 * 30 + 2 * 20 * 15) / (480 * 270 + 2 * 240 * 135)
