"""What a format declares is what it does: every layout it holds, how its files begin, its loss."""

import numpy as np
import pytest

from lacuna.files import open_picture, save_picture
from lacuna.files.format import Format
from lacuna.files.formats import FORMATS, HEAD_BYTES, WRITABLE, format_of_name
from lacuna_wire.rect import Rect
from tests.files.pictures import CHANNELS, DTYPES, noise_of
from tests.files.tiffs import write

WHOLE = Rect(0, 0, 53, 37)
HELD = [
    (known, channels, sample)
    for known in FORMATS
    for channels in CHANNELS
    for sample in DTYPES
    if channels in known.channels and sample in known.samples
]


def copy_of(tmp_path, known: Format, channels, sample):
    """Noise in a TIFF, saved as another format: what went in, and where the copy is."""
    pixels = noise_of(channels, sample)
    write(tmp_path / "in.tiff", pixels)
    out = tmp_path / f"out{known.suffixes[0]}"
    save_picture(open_picture(tmp_path / "in.tiff"), out, [])
    return pixels, out


@pytest.mark.parametrize(
    ("known", "channels", "sample"), HELD, ids=[f"{k.name}-{c}-{s}" for k, c, s in HELD]
)
def test_format_gives_back_every_layout_that_it_declares(tmp_path, known, channels, sample):
    pixels, out = copy_of(tmp_path, known, channels, sample)

    copy = open_picture(out)

    assert (copy.format, copy.layout.channels, copy.layout.sample) == (known.name, channels, sample)
    same = np.array_equal(copy.read(WHOLE), pixels)
    assert same is not known.is_lossy
    assert copy.lossy is known.is_lossy


@pytest.mark.parametrize("known", WRITABLE, ids=lambda known: known.name)
def test_file_of_a_format_begins_like_that_format_alone(tmp_path, known):
    _, out = copy_of(tmp_path, known, "RGB", "u8")
    head = out.read_bytes()[:HEAD_BYTES]

    assert [each for each in FORMATS if each.signature.match(head)] == [known]


def test_suffix_belongs_to_one_format_in_any_case(tmp_path):
    suffixes = [suffix for known in FORMATS for suffix in known.suffixes]
    assert len(set(suffixes)) == len(suffixes)
    for known in FORMATS:
        for suffix in known.suffixes:
            assert format_of_name(tmp_path / f"a.b{suffix}") is known
            assert format_of_name(tmp_path / f"A{suffix.upper()}") is known
    assert format_of_name(tmp_path / "a.xcf") is None
