"""PNM: bitmaps, greys and colours of 1 to 16 bits (PBM, PGM, PPM, PAM), floats (PFM); OpenCV."""

import math
import re
from pathlib import Path

import cv2
import numpy as np

from .apart import Foreign, read_only
from .format import Size
from .picture import Pixels
from .refusals import corrupt

_PIXEL_BYTES = 12
_COMMENTS = re.compile(rb"#[^\n]*")
_PAM_NUMBER = re.compile(rb"^(WIDTH|HEIGHT|DEPTH|MAXVAL)\s+(\d+)", re.MULTILINE)
_HEAD_BYTES = 4_096


def measure(data: bytes, path: Path) -> Size:
    head = _COMMENTS.sub(b"", data[:_HEAD_BYTES])
    if head.startswith(b"P7"):
        sides = {name: int(value) for name, value in _PAM_NUMBER.findall(head)}
        if b"WIDTH" in sides and b"HEIGHT" in sides:
            return Size(sides[b"WIDTH"], sides[b"HEIGHT"], _PIXEL_BYTES)
    words = head.split(maxsplit=3)
    if len(words) < 3 or not (words[1].isdigit() and words[2].isdigit()):
        raise corrupt(path, "it does not say how large it is")
    size = Size(int(words[1]), int(words[2]), _PIXEL_BYTES)
    # One bit a pixel is the least there is, and OpenCV makes black of what is missing.
    if size.width * size.height > 8 * len(data):
        raise corrupt(
            path,
            f"{len(data):,} bytes cannot hold the {size.width:,} x {size.height:,} px that it "
            "declares",
        )
    return size


def decode(data: bytes) -> Foreign:
    if data.startswith(b"P7"):
        return Foreign(_stretched(_pam(data), _highest(data)))
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ValueError("its samples cannot be read")
    if pixels.ndim == 3:
        pixels = pixels[..., [2, 1, 0]]
    return Foreign(_stretched(np.asarray(pixels), _highest(data)))


def _pam(data: bytes) -> Pixels:
    """Read the samples of PAM, of which OpenCV mixes up the channels."""
    head, _, samples = data.partition(b"ENDHDR\n")
    sides = {name: int(value) for name, value in _PAM_NUMBER.findall(_COMMENTS.sub(b"", head))}
    dtype = ">u2" if sides[b"MAXVAL"] > 255 else ">u1"
    shape = sides[b"HEIGHT"], sides[b"WIDTH"], sides[b"DEPTH"]
    count = math.prod(shape)
    return np.frombuffer(samples, dtype, count).reshape(shape).astype(dtype.replace(">", "="))


def _stretched(pixels: Pixels, most: int) -> Pixels:
    """Stretch samples from 0 to `most` over the whole range; 0 stands for what needs none."""
    top = {"u1": 255, "u2": 65_535}.get(pixels.dtype.str[1:], 0)
    if not top or not most or most == top:
        return pixels
    wide = np.minimum(pixels.astype(np.uint64), most) * top + most // 2
    return (wide // most).astype(pixels.dtype)


def _highest(data: bytes) -> int:
    """Return the number that stands for white, 0 where there is none."""
    head = _COMMENTS.sub(b"", data[:_HEAD_BYTES])
    if head[1:2] in b"14Ff":
        return 0
    if head.startswith(b"P7"):
        return next((int(n) for name, n in _PAM_NUMBER.findall(head) if name == b"MAXVAL"), 0)
    words = head.split(maxsplit=4)
    return int(words[3]) if len(words) > 3 and words[3].isdigit() else 0


PNM = read_only(
    "PNM",
    (".pnm", ".pbm", ".pgm", ".ppm", ".pam", ".pfm"),
    re.compile(rb"P[1-7Ff]\s"),
    measure,
)
