"""Damaged and hostile JPEG files: a copy or one sentence, and no memory for what they declare."""

import contextlib
import random
import struct
import subprocess
import sys

import numpy as np
import pytest

from lacuna.files import open_picture, save_picture
from lacuna_wire.errors import LacunaError
from lacuna_wire.rect import Rect
from tests.files.inks import PROFILE, inks, jpeg_of_inks
from tests.files.jpegs import by_turbo, grainy, jpeg_of

BASES = [
    jpeg_of(grainy(40, 56), "420"),
    jpeg_of(grainy(40, 56), "444", progressive=True),
    jpeg_of(grainy(40, 56), "422", restart=2, progressive=True),
    jpeg_of(grainy(40, 56, 1), "gray", optimize=True),
    jpeg_of(grainy(40, 56), "420", restart=1),
]


def bases():
    """Files to be damaged; where there is a profile of inks, one of these: it begins with it."""
    return [*BASES, jpeg_of_inks(inks(40, 56), subsampling="4:2:0")] if PROFILE.exists() else BASES


def mutated(data, random_):
    """Change, drop, repeat or insert bytes, most of them near the beginning, where all is said."""
    data = bytearray(data)
    for _ in range(random_.choice([1, 1, 2, 5])):
        at = random_.randrange(2, random_.choice([len(data), min(len(data), 700)]))
        kind = random_.randrange(5)
        if kind == 0:
            data[at] = random_.randrange(256)
        elif kind == 1:
            data[at] ^= 1 << random_.randrange(8)
        elif kind == 2:
            del data[at : at + random_.choice([1, 2, 30])]
        elif kind == 3:
            data[at:at] = data[at : at + random_.choice([1, 8, 60])]
        else:
            data[at:at] = bytes([0xFF, random_.choice([0xC0, 0xC2, 0xC4, 0xDA, 0xDB, 0xDD, 0xD0])])
    return bytes(data)


def try_it(folder, data):
    """Open, edit and save: True if there is a copy, which libjpeg-turbo then decodes."""
    path, out = folder / "hostile.jpg", folder / "copy.jpg"
    path.write_bytes(data)
    out.unlink(missing_ok=True)
    with contextlib.suppress(LacunaError):
        picture = open_picture(path)
        rect = Rect(0, 0, min(20, picture.width), min(20, picture.height))
        save_picture(picture, out, [(rect, ~picture.read(rect))])
    if not out.exists():
        return False
    shown = by_turbo(out.read_bytes())
    assert shown.shape[:2] in ((picture.height, picture.width), (picture.width, picture.height))
    save_picture(open_picture(out), out, [])  # what was written is whole
    return True


def run(folder, count, seed):
    random_, files = random.Random(seed), bases()
    copies = sum(try_it(folder, mutated(random_.choice(files), random_)) for _ in range(count))
    assert 0.05 * count < copies < 0.95 * count  # else nothing was tried


def test_mutated_files_give_a_copy_or_a_sentence(tmp_path):
    run(tmp_path, 300, 1)


@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_ten_thousand_mutated_files_give_a_copy_or_a_sentence(tmp_path):
    run(tmp_path, 10_000, 2)


def test_bomb_is_refused_by_its_header_without_its_memory(tmp_path):
    """65,500 x 65,500 px in 700 bytes; in a process that may not have a twentieth of that."""
    data = bytearray(jpeg_of(np.zeros((8, 8, 3), np.uint8)))
    at = data.index(b"\xff\xc0")
    struct.pack_into(">HH", data, at + 5, 65_500, 65_500)
    (tmp_path / "bomb.jpg").write_bytes(data)
    code = f"""
import resource
from pathlib import Path
from lacuna.files import open_picture
from lacuna_wire.errors import LacunaError
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    open_picture(Path({str(tmp_path / "bomb.jpg")!r}))
except LacunaError as error:
    print(error.code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    refusal, grown_kib = shown.stdout.split()
    assert refusal == "too_large"
    assert int(grown_kib) < 64 << 10


def test_many_scans_over_few_bytes_end(tmp_path):
    """A progressive file that refines the same bit a thousand times."""
    data = jpeg_of(grainy(64, 64), progressive=True)
    scan = data.rindex(b"\xff\xda")
    (tmp_path / "in.jpg").write_bytes(data[:scan] + data[scan:-2] * 1_000 + b"\xff\xd9")

    with contextlib.suppress(LacunaError):
        picture = open_picture(tmp_path / "in.jpg")
        save_picture(picture, tmp_path / "out.jpg", [])
