"""Run `lacuna inpaint` on pictures with damaged bytes, one after the other, and say how each ended.

`mutilate.py FIRST LAST`: a line of JSON per picture. One process does many, because each start
loads the network; whoever runs it starts it again behind the picture that killed it.
"""

import contextlib
import io
import json
import random
import resource
import sys
import time
from pathlib import Path

import click
import cv2
import numpy as np

from lacuna.cli import cli
from lacuna_wire import LacunaError

SUFFIXES = (".png", ".jpg", ".webp", ".tif")
HEIGHT, WIDTH = 48, 64
MAX_MEMORY = 6 << 30  # a bomb that swells ends here, as one sentence


def seeds(folder: Path) -> list[Path]:
    """Write one sound picture of every kind, and their mask."""
    dice = np.random.default_rng(1)
    made = []
    for suffix in SUFFIXES:
        for channels, kind in ((3, np.uint8), (1, np.uint8), (4, np.uint16)):
            if kind == np.uint16 and suffix in (".jpg", ".webp"):
                continue
            path = folder / f"{channels}{suffix}"
            shape = (HEIGHT, WIDTH, channels)
            assert cv2.imwrite(str(path), dice.integers(0, 256, shape).astype(kind))
            made.append(path)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[20:30, 20:40] = 255
    assert cv2.imwrite(str(folder / "mask.png"), mask)
    return made


def mutilate(data: bytes, dice: random.Random) -> bytes:
    """Damage a few bytes, more often near the head, where sizes and offsets are."""
    damaged = bytearray(data)
    for _ in range(dice.randint(1, 8)):
        reach = len(damaged) if dice.random() < 0.3 else min(len(damaged), 200)
        at = dice.randrange(max(1, reach))
        what = dice.randrange(5)
        if what == 0:
            damaged[at : at + 1] = dice.randbytes(1)
        elif what == 1:
            damaged[at : at + 4] = dice.choice([b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff"])
        elif what == 2:
            del damaged[at : at + dice.randint(1, 40)]
        elif what == 3:
            damaged[at:at] = damaged[at : at + dice.randint(1, 40)]
        else:
            del damaged[max(1, at) :]
    return bytes(damaged)


def run_one(number: int, seed: Path) -> dict[str, object]:
    dice = random.Random(number)
    folder = seed.parent
    path, out = folder / f"mutilated{seed.suffix}", folder / f"out{seed.suffix}"
    path.write_bytes(mutilate(seed.read_bytes(), dice))
    out.unlink(missing_ok=True)
    arguments = ["inpaint", str(path), str(folder / "mask.png"), "-o", str(out), "--local"]
    begun, end = time.monotonic(), "done"
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            cli([*arguments, "--device", "cpu"], standalone_mode=False)
    except LacunaError as error:
        end = error.code
    except click.ClickException as error:
        end = type(error).__name__
    return {
        "number": number, "seed": seed.name, "end": end, "left": out.exists() and end != "done",
        "seconds": time.monotonic() - begun,
        "peak_mib": peak_kib() / 1024,
    }  # fmt: skip


def peak_kib() -> int:
    """Not ru_maxrss, which begins with the peak of the process that started this one."""
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])


def main() -> None:
    first, last, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    sound = seeds(folder)
    for path in sound:  # what is slow once is not the fault of a damaged picture
        arguments = [str(path), str(folder / "mask.png"), "-o", str(folder / f"sound{path.suffix}")]
        cli(["inpaint", *arguments, "--local", "--overwrite"], standalone_mode=False)
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    for number in range(first, last):
        print(json.dumps(run_one(number, sound[number % len(sound)])), flush=True)


if __name__ == "__main__":
    main()
