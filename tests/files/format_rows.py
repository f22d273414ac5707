"""The rows of docs/formats.md as files: how other programs write and read each of them.

A format gets a row in the table, and a line in `ROWS`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lacuna.files.inks import wide_profile
from tests.files.inks import ink_profile, inks_of_light, jpeg_of_inks, shown
from tests.files.pictures import load, pillow, read_by_pillow, read_png, write_png
from tests.files.tiffs import read as read_tiff
from tests.files.tiffs import write as write_tiff

# A place on earth as GDAL writes it: metres per pixel, a corner, and the name of the projection.
_GEO_KEYS = [
    (33550, "d", 3, (0.5, 0.5, 0.0), True),
    (33922, "d", 6, (0.0, 0.0, 0.0, 440720.0, 3751320.0, 0.0), True),
    (34735, "H", 8, (1, 1, 0, 1, 3072, 0, 1, 32633), True),
]


class Row(NamedTuple):
    """One row of the table.

    Attributes:
        suffix: Of its files.
        write: Writes (h, w, channels) by another program than ours; u8, u16, f16 or f32.
        read: Reads a file back, by another program than ours.
        write_geo: Writes a file with geo keys; None if there are none in this format.
        is_own: Whether the row is the format that the suffix stands for, not a kind of it.
        shown_as: In which samples it is handed out, if not in those of the file.
        profile: What its files may have for one, where not all do; None for that of sRGB.
    """

    suffix: str
    write: Callable[[Path, NDArray], None]
    read: Callable[[Path], NDArray]
    write_geo: Callable[[Path, NDArray], None] | None = None
    is_own: bool = True
    shown_as: str = ""
    profile: Callable[[], bytes] | None = None


def _write_jpeg(path: Path, pixels: NDArray) -> None:
    pillow(pixels).save(path, quality=92, subsampling="4:2:0")


def _write_inks(path: Path, pixels: NDArray) -> None:
    path.write_bytes(jpeg_of_inks(inks_of_light(pixels), subsampling="4:2:0"))


def _read_inks(path: Path) -> NDArray:
    """Convert by the profile of the file: other inks are other colours, nearly always."""
    with Image.open(path) as image:
        stored = np.array(image)
    return shown(stored, ink_profile(), wide_profile(), "u2").astype(np.uint16)


def _write_webp(path: Path, pixels: NDArray) -> None:
    pillow(pixels).save(path, lossless=True, exact=True)


def _write_geotiff(path: Path, pixels: NDArray) -> None:
    write_tiff(path, pixels, compression="deflate", extratags=_GEO_KEYS)


def _write_tiff_of_jpeg(path: Path, pixels: NDArray, **options: object) -> None:
    channels = pixels.shape[2]
    colours = "ycbcr" if channels == 3 else "minisblack"
    write_tiff(
        path,
        pixels,
        photometric=colours,
        compression="jpeg",
        compressionargs={"level": 92, "subsampling": "420"} if channels == 3 else {"level": 92},
        tile=(64, 64),
        **options,
    )


def _write_geotiff_of_jpeg(path: Path, pixels: NDArray) -> None:
    _write_tiff_of_jpeg(path, pixels, extratags=_GEO_KEYS)


def _write_jpegxl(path: Path, pixels: NDArray) -> None:
    path.write_bytes(imagecodecs.jpegxl_encode(pixels, lossless=True, usecontainer=True))


def _read_jpegxl(path: Path) -> NDArray:
    return imagecodecs.jpegxl_decode(path.read_bytes())


def _write_avif(path: Path, pixels: NDArray) -> None:
    options = {"pixelformat": "444", "matrix": 0}
    path.write_bytes(imagecodecs.avif_encode(pixels, level=100, **options))


def _write_jpeg2000(path: Path, pixels: NDArray) -> None:
    path.write_bytes(imagecodecs.jpeg2k_encode(pixels, reversible=True, codecformat="jp2"))


def _write_by_pillow(path: Path, pixels: NDArray) -> None:
    pillow(pixels).save(path)


def _write_gif(path: Path, pixels: NDArray) -> None:
    pillow(pixels).quantize(256).save(path)


def _read_gif(path: Path) -> NDArray:
    return np.array(load(path).convert("RGB"))


def _write_pnm(path: Path, pixels: NDArray) -> None:
    height, width = pixels.shape[:2]
    if pixels.dtype == np.float32:
        path.write_bytes(b"PF\n%d %d\n-1.0\n" % (width, height) + pixels[::-1].tobytes())
    else:
        top = np.iinfo(pixels.dtype).max
        samples = pixels.astype(pixels.dtype.newbyteorder(">")).tobytes()
        path.write_bytes(b"P6 %d %d %d\n" % (width, height, top) + samples)


def _read_tiff(path: Path) -> NDArray:
    return np.ascontiguousarray(read_tiff(path))


ROWS = {
    "PNG": Row(".png", write_png, read_png),
    "JPEG": Row(".jpg", _write_jpeg, read_by_pillow),
    "JPEG with CMYK inks": Row(
        ".jpg", _write_inks, _read_inks, is_own=False, shown_as="u16", profile=ink_profile
    ),
    "WebP": Row(".webp", _write_webp, read_by_pillow),
    "TIFF": Row(".tif", write_tiff, _read_tiff, _write_geotiff),
    "TIFF with JPEG inside": Row(
        ".tif", _write_tiff_of_jpeg, _read_tiff, _write_geotiff_of_jpeg, is_own=False
    ),
    "JPEG XL": Row(".jxl", _write_jpegxl, _read_jpegxl),
    "AVIF": Row(".avif", _write_avif, read_by_pillow),
    "JPEG 2000": Row(".jp2", _write_jpeg2000, read_by_pillow),
    "BMP": Row(".bmp", _write_by_pillow, read_by_pillow),
    "GIF": Row(".gif", _write_gif, _read_gif),
    "PNM": Row(".ppm", _write_pnm, read_by_pillow),
}
