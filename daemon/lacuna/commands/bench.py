"""`lacuna bench`: what a removal costs on the user's own machine."""

import contextlib
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from lacuna.commands.amounts import memory_limit_option
from lacuna.commands.paths import FILE
from lacuna.network_facts import FactsOf
from lacuna_wire.errors import BadRequest, Conflict

if TYPE_CHECKING:
    from lacuna.engine.pixels.document import Document, Pixels
    from lacuna.network.tile_network import TileNetwork

MISSING = 0.3
PROBE_PX = 512
LIMITS_PX = (64, 16384)
# What the design that Lacuna grew from took on an RTX 4090: seconds, gigabytes.
ORIGINAL = {
    1024: "9.1 s, 6.8 GB",
    2048: "24.3 s, 8.9 GB",
    3000: "51.7 s, 10.2 GB",
    4096: "98.4 s, 14.1 GB",
    8192: "within 120 s",
}
LONGEST_S = 240  # what is thought to take longer is measured only if it is asked for


class Row(NamedTuple):
    """What one size took.

    Attributes:
        side_px: Side of the picture.
        missing_px: Pixels that were filled.
        seconds: All of the removal, from samples to samples.
        network_seconds: Those inside the network.
        tiles: Tiles that the network filled.
        peak_bytes: Most memory held: of the GPU, or by this process with the picture in it.
        ceiling_share: The network's multiply-adds per second, as a part of a matrix product's; on
            a CPU per processor second.
    """

    side_px: int
    missing_px: int
    seconds: float
    network_seconds: float
    tiles: int
    peak_bytes: int
    ceiling_share: float


class WatchedNetwork(FactsOf):
    """A network that counts what goes through it, for one removal."""

    def __init__(self, network: "TileNetwork") -> None:
        super().__init__(network)
        self.device = network.device
        self.device_name = network.device_name
        self.seconds = 0.0
        self.busy_seconds = 0.0  # of the clock that the ceiling is measured by
        self.multiply_adds = 0
        self._network = network

    def fill(self, image: "Pixels", mask: "Pixels") -> "Pixels":
        return next(self.fill_all([(image, mask)]))

    def fill_all(self, tiles: "Iterable[tuple[Pixels, Pixels]]") -> "Iterator[Pixels]":
        fills = self._network.fill_all(self._read(tiles))
        while True:
            with self._counted(1):
                fill = next(fills, None)
            if fill is None:
                return
            yield fill

    def _read(self, tiles: "Iterable[tuple[Pixels, Pixels]]") -> "Iterator[tuple[Pixels, Pixels]]":
        rest = iter(tiles)
        while True:
            with self._counted(-1):  # the engine makes the tile while the network waits for it
                tile = next(rest, None)
            if tile is None:
                return
            self.multiply_adds += self._network.multiply_adds(tile[1])
            yield tile

    @contextlib.contextmanager
    def _counted(self, sign: int) -> "Iterator[None]":
        begun, busy = time.perf_counter(), self._network.busy_seconds()
        yield
        self.seconds += sign * (time.perf_counter() - begun)
        self.busy_seconds += sign * (self._network.busy_seconds() - busy)

    def on_cpu(self) -> None:
        """Say that there is no other device: what is measured is this one."""


@click.command()
@click.option(
    "--device",
    default="auto",
    show_default=True,
    help="auto, cpu, cuda, cuda:N, cuda:all, xpu or mps.",
)
@memory_limit_option
@click.option("--weights", default="", help="Name of installed weights; by default those of jobs.")
@click.option(
    "--sizes",
    default="",
    help="Sides in pixels, as in 1024,4096; by default 1024 to 8192, as far as each takes minutes.",
)
@click.option("--json", "json_file", type=FILE, help="Write figures there.")
def bench(device: str, memory_limit: int, weights: str, sizes: str, json_file: Path | None) -> None:
    """Time removals of 30 % of square pictures that are drawn for it; no photograph is needed.

    Each line says how long one took, how much of that inside the network, the memory, and how near
    the network came to the fastest that the device multiplies matrices. Nothing is written but
    what --json asks for.
    """
    wanted = parse_sizes(sizes)
    if json_file is not None and json_file.exists():
        raise Conflict(f"{json_file} is there already.", code="output_exists")

    from lacuna.network.catalogue import find_weights
    from lacuna.network.ceiling import matrix_ceiling
    from lacuna.network.tile_network import load_network

    network = load_network(find_weights(weights), device, memory_limit << 20)
    precision = str(network.traits.precision).removeprefix("torch.")
    ceiling = matrix_ceiling(network.traits)
    click.echo(
        f"{network.device_name}, {network.info.name} in {precision}, tiles of "
        f"{network.tile_px} px, a matrix product does {2e-12 * ceiling:.2f} TFLOP/s"
    )
    measure(PROBE_PX, network, ceiling)  # warms up: the first tile of a process is slow
    probe = measure(PROBE_PX, network, ceiling)
    sides = wanted or tuple(ORIGINAL)
    click.echo(f"To do: {guesses(sides, probe)}. Ctrl-C stops, --sizes chooses.")
    click.echo("  side   missing   seconds   network   memory   ceiling   first design, RTX 4090")
    rows: list[Row] = []
    for number, side in enumerate(sides):
        last = rows[-1] if rows else probe
        if not wanted and guess(side, last) > LONGEST_S:
            left_out = sides[number:]
            asked = ",".join(map(str, left_out))
            click.echo(f"Left out: {guesses(left_out, last)}. --sizes {asked} asks for them.")
            break
        row = measure(side, network, ceiling)
        rows.append(row)
        click.echo(table_line(row))
    if json_file is not None:
        figures = {
            "device": network.device_name,
            "weights": network.info.name,
            "precision": precision,
            "torch": version("torch"),
            "ceiling_flops": 2 * ceiling,
            "rows": [row._asdict() for row in rows],
        }
        json_file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def parse_sizes(sizes: str) -> tuple[int, ...]:
    """Read sides between commas, smallest first; empty if none are given.

    Raises:
        BadRequest: If one is not a number of pixels that can be drawn.
    """
    least, most = LIMITS_PX
    words = [word.strip() for word in sizes.split(",")] if sizes else []
    for word in words:
        if not (word.isascii() and word.isdigit()) or not least <= int(word) <= most:
            raise BadRequest(f"{word[:20]!r} is not a side between {least} and {most} px.")
    return tuple(sorted({int(word) for word in words}))


def guess(side: int, measured: Row) -> float:
    """Guess the seconds of a size: the cost grows with the missing pixels."""
    return measured.seconds * (side / measured.side_px) ** 2


def guesses(sides: Sequence[int], measured: Row) -> str:
    """Say for people how long sizes will take.

    >>> guesses([1024, 8192], Row(512, 0, 2.0, 1.0, 4, 0, 0.5))
    '1024 px in about 8 s, 8192 px in about 9 minutes'
    """
    words = []
    for side in sides:
        seconds = guess(side, measured)
        much = f"{seconds:.0f} s" if seconds < 2 * 60 else f"{seconds / 60:.0f} minutes"
        words.append(f"{side} px in about {much}")
    return ", ".join(words)


def measure(side: int, network: "TileNetwork", ceiling: float) -> Row:
    """Remove 30 % of a picture once.

    Args:
        side: Of the picture, in pixels.
        network: What fills.
        ceiling: Multiply-adds of a matrix product per second of the device's own clock.
    """
    import numpy as np

    from lacuna.engine.fitting import FittingDevice
    from lacuna.engine.inpaint import fill
    from lacuna.engine.pixels.composite import collect_into
    from lacuna.engine.plan import plan_fill, regions_of
    from lacuna.network.ceiling import forget_peak, peak_memory
    from lacuna_wire import Options

    document = draw(side)
    watched = WatchedNetwork(network)
    fitting, options = FittingDevice(watched), Options(result="composite")
    forget_peak(network.traits)
    begun = time.perf_counter()
    plan = plan_fill(document, regions_of(document, options, fitting.role), options, fitting)
    result = np.zeros((plan.rect.height, plan.rect.width, 3), np.uint8)
    take = collect_into(result, plan.rect, document, options)
    tiles = fill(document, plan, fitting, take, lambda _: None, lambda: False, fitting.refine)
    seconds = time.perf_counter() - begun
    return Row(
        side_px=side,
        missing_px=int(np.count_nonzero(document.selection[document.rect.slices])),
        seconds=seconds,
        network_seconds=watched.seconds,
        tiles=tiles,
        peak_bytes=peak_memory(network.traits),
        ceiling_share=watched.multiply_adds / max(watched.busy_seconds, 1e-9) / ceiling,
    )


def draw(side: int) -> "Document":
    """Draw waves with grain, and discs of an eighth of the side until 30 % is missing."""
    import numpy as np

    from lacuna.engine.pixels.document import Document
    from lacuna_wire import PixelLayout

    rng = np.random.default_rng(0)
    picture = np.empty((side, side, 3), np.uint8)
    columns = np.arange(side, dtype=np.float32)
    for row in range(side):  # one by one: floats of the whole picture would be the peak of memory
        waves = 40 * np.sin(columns / 37 + row / 91) + 30 * np.cos(columns / 533 - row / 411)
        shades = np.stack([128 + waves, 110 + waves / 2, 150 - waves], axis=1)
        grain = rng.normal(0, 10, (side, 1)).astype(np.float32)
        picture[row] = np.clip(shades + grain, 0, 255)
    mask = np.zeros((side, side), np.uint8)
    radius = max(2, side // 16)
    while np.count_nonzero(mask) < MISSING * mask.size:
        y, x = (int(number) for number in rng.integers(0, side, 2))
        top, left = max(0, y - radius), max(0, x - radius)
        part = mask[top : y + radius + 1, left : x + radius + 1]
        rows, across = np.ogrid[top : top + part.shape[0], left : left + part.shape[1]]
        part[(rows - y) ** 2 + (across - x) ** 2 <= radius**2] = 255
    return Document(picture, mask, PixelLayout("RGB"))


def table_line(row: Row) -> str:
    """Say one row for people."""
    return (
        f"{row.side_px:>6} {row.missing_px / 1e6:>6.2f} MP {row.seconds:>9.2f} "
        f"{row.network_seconds:>9.2f} {row.peak_bytes / 1e9:>5.2f} GB {row.ceiling_share:>8.0%}   "
        f"{ORIGINAL.get(row.side_px, '')}"
    ).rstrip()
