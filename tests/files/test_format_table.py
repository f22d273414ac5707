"""Every cell of the table in docs/formats.md is what happens to a real file."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from lacuna.files import open_picture, output_format, save_picture
from lacuna_wire.errors import LacunaError
from lacuna_wire.layout import PixelLayout
from lacuna_wire.rect import Rect
from tests.files.format_rows import ROWS
from tests.files.pictures import ICC, noise_of, smooth
from tests.files.tiffs import write as write_tiff

ROOT = Path(__file__).parents[2]
SAMPLES = {"8": "u8", "16": "u16", "half": "f16", "float": "f32"}
METADATA = {
    "Profile": ("ICC_Profile", "ProfileDescription"),
    "EXIF": ("ExifIFD", "UserComment"),
    "XMP": ("XMP-dc", "Title"),
    "IPTC": ("IPTC", "Keywords"),
    "Geo keys": ("GeoTiff", "ProjectedCSType"),
}
EDIT = Rect(40, 32, 24, 16)
BESIDE_PX = 17  # what may change beside an edit where blocks change: a block of 4:2:0, and a pixel


def table() -> dict[str, dict[str, str]]:
    """Read the first table of the page: by row and column."""
    page = (ROOT / "docs/formats.md").read_text("utf-8").partition("\n## ")[0]
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.splitlines()
        if line.startswith("|")
    ]
    heads, _rule, *rows = lines
    return {row[0]: dict(zip(heads[1:], row[1:], strict=True)) for row in rows}


TABLE = table()
WRITTEN = [name for name, cells in TABLE.items() if cells["Writes"] != "no"]
by_row = pytest.mark.parametrize("name", TABLE)
by_written_row = pytest.mark.parametrize("name", WRITTEN)


def edited_copy(name: str, tmp_path: Path, picture: Path) -> Path:
    """Save a copy in which EDIT is inverted."""
    opened = open_picture(picture)
    out = tmp_path / f"copy{ROWS[name].suffix}"
    save_picture(opened, out, [(EDIT, ~opened.read(EDIT))])
    return out


def test_every_row_has_files():
    assert list(TABLE) == list(ROWS)


@by_row
def test_reads(tmp_path, name):
    row, path = ROWS[name], tmp_path / f"in{ROWS[name].suffix}"
    row.write(path, smooth())

    if TABLE[name]["Reads"] == "yes":
        assert np.array_equal(open_picture(path).read(Rect(0, 0, 128, 96)), row.read(path))
    else:
        with pytest.raises(LacunaError):
            open_picture(path)


@by_row
def test_writes(tmp_path, name):
    """A picture of another format becomes one of this; in a format with loss, nearly so."""
    row, cell = ROWS[name], TABLE[name]["Writes"]
    other = tmp_path / ("other.png" if row.suffix == ".tif" else "other.tif")
    ROWS["PNG" if row.suffix == ".tif" else "TIFF"].write(other, smooth())
    out = tmp_path / f"out{row.suffix}"

    if cell == "no":
        with pytest.raises(LacunaError):
            save_picture(open_picture(other), out, [])
        assert not out.exists()
    elif cell == "as it is":
        row.write(tmp_path / f"in{row.suffix}", smooth())
        source = open_picture(tmp_path / f"in{row.suffix}")
        save_picture(source, out, [])
        assert open_picture(out).lossy == source.lossy
    else:
        assert cell == "yes"
        save_picture(open_picture(other), out, [])
        assert np.abs(row.read(out).astype(int) - smooth()).max() <= (
            12 if output_format(out).is_lossy else 0
        )


@by_written_row
def test_exact_outside_the_mask(tmp_path, name):
    row, cell = ROWS[name], TABLE[name]["Exact outside the mask"]
    path = tmp_path / f"in{row.suffix}"
    noisy = np.clip(smooth().astype(int) + noise_of("RGB", "u8", 96, 128) // 8 - 16, 0, 255)
    row.write(path, noisy.astype(np.uint8))
    before = row.read(path)

    after = row.read(edited_copy(name, tmp_path, path))

    outside = np.ones(before.shape[:2], bool)
    outside[EDIT.slices] = False
    far = outside.copy()
    far[EDIT.grow(BESIDE_PX).slices] = False
    same = (before == after).all(axis=2)
    assert not same[EDIT.slices].all()
    found = "yes" if same[outside].all() else "in blocks" if same[far].all() else "no"
    assert found == cell


@by_row
@pytest.mark.parametrize("depth", SAMPLES)
def test_depth(tmp_path, name, depth):
    row, path, sample = ROWS[name], tmp_path / f"in{ROWS[name].suffix}", SAMPLES[depth]
    if depth in TABLE[name]["Depth"].split(", "):
        row.write(path, noise_of("RGB", sample))
        assert open_picture(path).layout == PixelLayout(
            "RGB", row.shown_as or sample, "srgb" if sample[0] == "u" else "linear"
        )
        if name in WRITTEN:
            save_picture(open_picture(path), tmp_path / f"out{row.suffix}", [])
            assert row.read(tmp_path / f"out{row.suffix}").dtype == row.read(path).dtype
    elif row.is_own:
        write_tiff(tmp_path / "deep.tif", noise_of("RGB", sample))
        with pytest.raises(LacunaError):
            save_picture(open_picture(tmp_path / "deep.tif"), path, [])
        assert not path.exists()


@by_row
def test_alpha(tmp_path, name):
    row, path = ROWS[name], tmp_path / f"in{ROWS[name].suffix}"
    if TABLE[name]["Alpha"] == "yes":
        row.write(path, noise_of("RGBA", "u8"))
        if name not in WRITTEN:
            read = open_picture(path).read(Rect(0, 0, 53, 37))
            assert np.array_equal(read, noise_of("RGBA", "u8"))
            return
        save_picture(open_picture(path), tmp_path / f"out{row.suffix}", [])
        assert np.array_equal(row.read(tmp_path / f"out{row.suffix}"), noise_of("RGBA", "u8"))
    elif row.is_own:
        write_tiff(tmp_path / "alpha.tif", noise_of("RGBA", "u8"))
        with pytest.raises(LacunaError):
            save_picture(open_picture(tmp_path / "alpha.tif"), path, [])
        assert not path.exists()


@by_written_row
def test_metadata(tmp_path, name):
    """Another program writes all that the format has a place for, and reads the copy."""
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed")
    row, path = ROWS[name], tmp_path / f"in{ROWS[name].suffix}"
    (row.write_geo or row.write)(path, smooth())
    (tmp_path / "profile.icc").write_bytes(row.profile() if row.profile else ICC)
    subprocess.run(
        ["exiftool", "-q", "-m", "-overwrite_original", "-EXIF:UserComment=a comment",
         "-XMP-dc:Title=a title", "-IPTC:Keywords=a word",
         f"-ICC_Profile<={tmp_path / 'profile.icc'}", path],
        check=True, capture_output=True,
    )  # fmt: skip

    copy = edited_copy(name, tmp_path, path)

    before, after = tags_of(path), tags_of(copy)
    kept = {}
    for column, (group, tag) in METADATA.items():
        kept[column] = "yes" if f"{group}:{tag}" in after else "no"
        if kept[column] == "yes":
            assert before.get(f"{group}:{tag}") == after.get(f"{group}:{tag}"), column
    assert kept == {column: TABLE[name][column] for column in METADATA}


def tags_of(path: Path) -> dict[str, object]:
    """All that exiftool finds in a file, by group and name."""
    shown = subprocess.run(["exiftool", "-j", "-G1", path], check=True, capture_output=True)
    return json.loads(shown.stdout)[0]
