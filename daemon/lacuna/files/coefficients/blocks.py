"""Pixels and the blocks that they are coded in: which ones changed, and their new coefficients."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lacuna_wire.rect import Rect

from .stream import JpegFrame

# From the order of the file to rows and columns of frequencies.
ZIGZAG = np.array([
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
])  # fmt: skip
_FREQUENCIES, _PLACES = np.ogrid[:8, :8]
_COSINES = np.cos((2 * _PLACES + 1) * _FREQUENCIES * np.pi / 16) / 2
_COSINES[0] /= np.sqrt(2)
_TO_YCBCR = np.array(
    [[0.299, 0.587, 0.114], [-0.168735892, -0.331264108, 0.5], [0.5, -0.418687589, -0.081312411]]
)
_BLACK_INK = 3  # number of its component
_LARGEST = 1_023  # a coefficient of 8 bits in the codes of baseline JPEG


class BlockPlane(NamedTuple):
    """The blocks of one component.

    Attributes:
        base: Its first block, counted through all components.
        rows: Blocks down, whole MCUs.
        columns: Blocks across, whole MCUs.
        real_rows: Those of them that have pixels of the picture.
        real_columns: The same across.
        block_width: Pixels of the picture that a block covers.
        block_height: The same down.
        tall: Blocks of an MCU, down.
        wide: The same across.
    """

    base: int
    rows: int
    columns: int
    real_rows: int
    real_columns: int
    block_width: int
    block_height: int
    tall: int
    wide: int

    @property
    def blocks(self) -> int:
        return self.rows * self.columns


def planes_of(frame: JpegFrame) -> tuple[BlockPlane, ...]:
    """Lay out the blocks of a frame.

    Raises:
        ValueError: If a component is sampled at a fraction of another; nobody decodes that.
    """
    mcu_width, mcu_height = frame.mcu_size
    down, across = -(-frame.height // mcu_height), -(-frame.width // mcu_width)
    planes: list[BlockPlane] = []
    for component in frame.components:
        wide, tall = component.across, component.down
        if not 1 <= wide <= 4 or not 1 <= tall <= 4 or mcu_width % wide or mcu_height % tall:
            raise ValueError(f"components sampled {wide} x {tall}")
        width, height = mcu_width // wide, mcu_height // tall
        if width % 8 or height % 8:
            raise ValueError(f"components sampled {wide} x {tall}")
        base = planes[-1].base + planes[-1].blocks if planes else 0
        real = -(-frame.height // height), -(-frame.width // width)
        planes.append(
            BlockPlane(base, down * tall, across * wide, *real, width, height, tall, wide)
        )
    return tuple(planes)


def changed_blocks(
    planes: Sequence[BlockPlane], changes: Sequence[tuple[Rect, NDArray[np.bool_]]]
) -> list[NDArray[np.bool_]]:
    """Find the blocks with a pixel that changed: per component (rows, columns).

    Args:
        planes: Of the frame.
        changes: Rectangles of the picture, as stored, and which of their pixels changed.
    """
    found = []
    for plane in planes:
        blocks = np.zeros((plane.rows, plane.columns), bool)
        for rect, pixels in changes:
            top, left = rect.top // plane.block_height, rect.left // plane.block_width
            rows = _starts(rect.top, rect.bottom, plane.block_height)
            columns = _starts(rect.left, rect.right, plane.block_width)
            touched = np.logical_or.reduceat(np.logical_or.reduceat(pixels, rows, 0), columns, 1)
            blocks[top : top + len(rows), left : left + len(columns)] |= touched
        # Blocks beside the picture go on with its last pixels.
        blocks[plane.real_rows :] = blocks[plane.real_rows - 1]
        blocks[:, plane.real_columns :] = blocks[:, plane.real_columns - 1, None]
        found.append(blocks)
    return found


def _starts(begin: int, end: int, step: int) -> list[int]:
    """Return where blocks begin between two pixels, counted from the first.

    >>> _starts(5, 20, 8)
    [0, 3, 11]
    """
    return [0, *range(step - begin % step, end - begin, step)]


def new_coefficients(
    pixels: NDArray[np.uint8],
    frame: JpegFrame,
    plane_number: int,
    places: NDArray[np.intp],
    table: Sequence[int],
    has_brightness: bool,
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.int16]]]:
    """Code blocks of one component anew.

    Args:
        pixels: The whole picture, as stored: (h, w, channels) u8.
        frame: Of the stream.
        plane_number: Which component.
        places: (n, 2) rows and columns of blocks, in order.
        table: Of quantisation, in the order of the file.
        has_brightness: Whether the components are brightness and colours, and maybe black ink.

    Yields:
        Places, and their coefficients (n, 64) in the order of the file.
    """
    plane = planes_of(frame)[plane_number]
    across, down = plane.block_width // 8, plane.block_height // 8
    steps = np.maximum(table, 1)  # what a step of 0 scales is nothing in every decoder
    rows, firsts = np.unique(places[:, 0], return_index=True)
    for row, some in zip(rows, np.split(places, firsts[1:]), strict=True):
        columns = some[:, 1]
        left = int(columns[0]) * plane.block_width
        right = (int(columns[-1]) + 1) * plane.block_width
        # What lies beside the picture repeats its last row and column.
        inside_y = np.arange(row * plane.block_height, (row + 1) * plane.block_height)
        inside_x = np.arange(left, right)
        inside_y = np.minimum(inside_y, frame.height - 1)
        inside_x = np.minimum(inside_x, frame.width - 1)
        window = pixels[inside_y[0] : inside_y[-1] + 1, inside_x[0] : inside_x[-1] + 1]
        window = window[inside_y - inside_y[0]][:, inside_x - inside_x[0]]
        samples = _component(window, plane_number, has_brightness)
        samples = samples.reshape(8, down, len(inside_x) // across, across).mean(axis=(1, 3))
        blocks = samples.reshape(8, -1, 8).swapaxes(0, 1)[columns - columns[0]] - 128
        waves = (_COSINES @ blocks @ _COSINES.T).reshape(-1, 64)[:, ZIGZAG]
        rounded = np.clip(np.rint(waves / steps), -_LARGEST, _LARGEST)
        yield some, rounded.astype(np.int16)


def _component(window: NDArray[np.uint8], number: int, has_brightness: bool) -> NDArray[np.float64]:
    if not has_brightness or window.shape[2] < 3 or number == _BLACK_INK:
        return window[..., number].astype(np.float64)
    # Three inks are coded as the light that they leave (YCCK).
    light = window if window.shape[2] == 3 else 255 - window[..., :_BLACK_INK]
    samples: NDArray[np.float64] = light @ _TO_YCBCR[number]
    return samples + (128 if number else 0)
