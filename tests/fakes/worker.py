"""A worker that inverts the pixels under the mask, and that can be told to misbehave.

`--fault start:exit` does it before the worker is ready. A job asks for it by the name of its
weights: `fault.tile.3.hang` at its third tile, `fault.result.short` at its end. `once` hangs only
as long as the tiles are large, `left` goes on without a device that has failed, `held` until there
is a file of the job's name beside `--starts`. `--hold FILE` keeps every job at its second tile
while the file is there; `--layer` makes a layer for an editor.
"""

import argparse
import ctypes
import mmap
import os
import sys
import time
from pathlib import Path

from lacuna.service.orders import Filled, Order
from lacuna.service.spool import allocate
from lacuna.service.worker_process import serve_orders
from lacuna_wire import LacunaError
from lacuna_wire.errors import DeviceLost, JobCancelled, Unprocessable
from lacuna_wire.messages import Progress, Report, ShouldStop

PIECE = 1 << 20
WORK_PERCENT = 90  # of the whole are tiles


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--fault", action="append", default=[])
    parser.add_argument("--tiles", type=int, default=4)
    parser.add_argument("--tile-s", type=float, default=0.0)
    parser.add_argument("--starts", type=Path, help="a file that gets one line per start")
    parser.add_argument("--hold", type=Path, help="while this file is there, no job goes on")
    parser.add_argument("--layer", action="store_true", help="the mask is the alpha of the result")
    parser.add_argument("--device", default="fake", help="what it says where its fills run")
    arguments = parser.parse_args()
    if arguments.starts:
        with arguments.starts.open("a") as lines:
            lines.write(f"{os.getpid()}\n")
    print("noise before the pipe is taken")
    sys.stdout.flush()
    misbehave("start", set(arguments.fault))

    left = []  # one entry as soon as a job has left its device

    def fill(order: Order, report: Report, should_stop: ShouldStop) -> Filled:
        name = order.request.options.weights
        faults = {name.removeprefix("fault.").replace(".", ":")}
        allocate(order.output, result_bytes(order) - ("result:short" in faults))
        tiles = arguments.tiles * (4 if order.smaller_tiles else 1)
        report(Progress("filling", 0, tiles))
        for tile in range(1, tiles + 1):
            print("noise on stdout", end="", flush=True)
            if f"tile:{tile}:once" in faults and order.smaller_tiles:
                continue
            if f"tile:{tile}:held" in faults:
                faults.remove(f"tile:{tile}:held")
                hold(arguments.starts.with_name(order.request.id), should_stop)
            if f"tile:{tile}:left" in faults:
                faults.remove(f"tile:{tile}:left")
                left.append(tile)
            misbehave(f"tile:{tile}", faults)
            time.sleep(arguments.tile_s)
            while tile == 2 and is_held(arguments.hold) and not should_stop():
                time.sleep(0.01)
            if should_stop():
                raise JobCancelled("The worker was told to stop.")
            report(Progress("filling", tile, tiles, WORK_PERCENT * tile / tiles))
        time.sleep(arguments.tile_s)  # the rest of the work: who follows sees the last tile, too
        if "result:short" not in faults:
            (make_for_editor if arguments.layer else invert)(order)
        device = order.request.options.device
        wanted = order.request.options.result
        result = "layer" if arguments.layer and wanted != "composite" else "composite"
        where = "fake" if device == "auto" else device
        return Filled(order.window, tiles, where, result, weights=name or "stand-in")

    serve_orders(fill, must_end=lambda: bool(left), device=arguments.device)


def is_held(file: Path | None) -> bool:
    return file is not None and file.exists()


def hold(gate: Path, should_stop: ShouldStop) -> None:
    """Go on when the test lets go of the job, or cancels it."""
    while not gate.exists() and not should_stop():
        time.sleep(0.01)


def result_bytes(order: Order) -> int:
    return order.window.area * order.request.layout.pixel_bytes


def invert(order: Order) -> None:
    """Write the window with every sample under the mask inverted."""
    pixel_bytes = order.request.layout.pixel_bytes
    pixels_bytes = result_bytes(order)
    starts = order.request.plane_starts(order.window)
    with order.input.open("rb") as source, order.output.open("r+b") as target:
        pixels = mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ)
        written = mmap.mmap(target.fileno(), 0)
        if pixels_bytes > 16 * PIECE:
            invert_quickly(pixels, written, pixels_bytes, pixel_bytes)
            return
        for index in range(order.window.area):
            start = index * pixel_bytes
            pixel = pixels[starts["pixels"] + start : starts["pixels"] + start + pixel_bytes]
            if pixels[starts["selection"] + index]:
                pixel = bytes(255 - byte for byte in pixel)
            written[start : start + pixel_bytes] = pixel


def make_for_editor(order: Order) -> None:
    """Write the inverted colours under the mask; samples are integers.

    A layer has the mask as its alpha; a composite has the alpha of the picture.
    """
    import numpy as np

    from lacuna.samples import DTYPES

    layout, area = order.request.layout, order.window.area
    starts = order.request.plane_starts(order.window)
    data = order.input.read_bytes()
    dtype = np.dtype(DTYPES[layout.sample])
    count = area * layout.channel_count
    pixels = np.frombuffer(data, dtype, count, starts["pixels"]).reshape(area, -1)
    mask = np.frombuffer(data, np.uint8, area, starts["selection"])
    selected = mask[:, np.newaxis] > 0
    if order.request.options.result == "composite":
        result = np.where(selected, ~pixels, pixels)
        result[:, -1] = pixels[:, -1]
    else:
        result = np.where(selected, ~pixels, 0).astype(dtype)
        result[:, -1] = mask.astype(dtype) * (np.iinfo(dtype).max // 255)
    order.output.write_bytes(result.tobytes())


def invert_quickly(pixels: mmap.mmap, written: mmap.mmap, size: int, pixel_bytes: int) -> None:
    """Do it for the large picture of the benchmark, whose pixels have four bytes."""
    import numpy as np

    assert pixel_bytes == 4
    mask = np.frombuffer(pixels, np.uint8, offset=size)
    source = np.frombuffer(pixels, np.uint32, count=size // 4)
    target = np.frombuffer(written, np.uint32)
    for start in range(0, len(mask), PIECE):
        part = slice(start, start + PIECE)
        flip = (mask[part] != 0) * np.uint32(0xFFFFFFFF)
        np.bitwise_xor(source[part], flip, out=target[part])


def misbehave(moment: str, faults: set[str]) -> None:
    for fault in [fault for fault in faults if fault.startswith(moment + ":")]:
        kind = fault[len(moment) + 1 :]
        if kind in ("hang", "once"):
            while True:
                time.sleep(3600)
        elif kind == "gil":
            ctypes.PyDLL(None).pause()  # hangs in C code, and no other thread of Python can run
        elif kind == "slow":
            time.sleep(0.6)
        elif kind == "exit":
            print("the reason is printed here", file=sys.stderr)
            os._exit(3)
        elif kind == "segv":
            ctypes.string_at(0)
        elif kind == "eat":
            eaten = []
            while True:
                eaten.append(bytearray(os.urandom(PIECE)))
        elif kind == "oom":
            raise MemoryError
        elif kind == "raise":
            raise ZeroDivisionError("a bug")
        elif kind == "refuse":
            raise Unprocessable("Nothing is known around the selection.", code="no_context")
        elif kind == "lost":
            raise DeviceLost("The GPU has failed (an illegal memory access was encountered).")
        elif kind == "odd":
            raise LacunaError("This error has a code of its own.", code="odd_one", status=418)
        else:
            raise AssertionError(f"unknown fault {fault}")


if __name__ == "__main__":
    main()
