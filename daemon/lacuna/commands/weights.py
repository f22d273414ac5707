"""`lacuna weights`: list, describe, import, fetch and set up weights."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lacuna.commands.paths import FILE

if TYPE_CHECKING:
    from lacuna.network.download import ReportBytes
    from lacuna.network.weights_info import WeightsInfo

MIB = 2**20
MOST_PX = 9_999  # of what can be set, as of what a file may say of itself
COLUMNS = ("", "name", "size", "network", "kind", "trained", "licence", "SHA-256")


@click.group()
def weights() -> None:
    """List, import, fetch and set up weights. Nothing in a weights file is ever run."""


@weights.command("list")
def list_() -> None:
    """Show all that fills can be made with; a star marks what is the default."""
    from lacuna.network.catalogue import PATCHES, choices, default_name, find_weights
    from lacuna_wire import LacunaError

    default = default_name()
    rows: list[tuple[str, ...]] = []
    for name in choices():
        try:
            if name == PATCHES:
                rows.append(("*" if name == default else "", name, "", "none", "", "", "", ""))
            else:
                rows.append(_row(find_weights(name), default))
        except LacunaError as error:
            click.echo(str(error), err=True)
    _show(rows, COLUMNS)


@weights.command()
@click.argument("name", default="")
def info(name: str) -> None:
    """Show everything about weights: a NAME, or a file such as ./NAME.safetensors."""
    from lacuna.network.catalogue import PATCHES, find_weights, is_patches

    if is_patches(name):
        _show([("name", PATCHES), ("network", "none: fills are copied from known pixels alone")])
        return
    found = find_weights(name)
    rows = [
        ("name", found.name),
        ("file", str(found.path)),
        ("size", f"{found.size_bytes:,} bytes"),
        ("SHA-256", found.sha256),
        ("network", found.architecture.NAME),
        *((name, str(number)) for name, number in found.dimensions.items()),
        ("input", found.input),
        ("output", found.output),
        ("trained at", f"{found.trained_px} px"),
        ("bridges", f"{found.max_hole_radius_px} px from the edge of a hole"),
        ("usable up to", f"{found.usable_px} px"),
        ("licence", found.licence),
    ]
    shown = {"name", "input", "output", "trained_px", "max_hole_radius_px", "licence"}
    rows += [(f"on {device}", str(found.bfloat16[device])) for device in sorted(found.bfloat16)]
    rows += [(key, text) for key, text in sorted(found.metadata.items()) if key not in shown]
    _show([(_printable(key), _printable(text)) for key, text in rows])


@weights.command("import")
@click.argument("file", type=FILE)
@click.option("--name", help="Name in the catalogue; the name of the file by default.")
def import_(file: Path, name: str | None) -> None:
    """Check FILE, convert it and install it.

    FILE is a safetensors file, the published TorchScript file (big-lama.pt) or a training state of
    Lightning (best.ckpt). It is read as data, never run, and left as it is.
    """
    from lacuna.network.checkpoints import import_weights

    found = import_weights(file, file.stem if name is None else name)
    _report("imported", found)
    _compare_precisions(found)
    click.echo(_what_changes(found.name))


@weights.command()
@click.argument("name")
@click.option(
    "--from",
    "mirror",
    default="",
    metavar="URL",
    help="Download from here: the address of the file, or with a slash at its end of a folder. "
    "Default: the folder in the variable LACUNA_MIRROR, else the publisher.",
)
def fetch(name: str, mirror: str) -> None:
    """Download published weights (big-lama). A download that broke off resumes where it was.

    Wherever the file comes from, it must have the size and the digests that Lacuna knows.
    """
    from lacuna.network.fetch import fetch_weights

    with _progress(name) as progress:
        found = fetch_weights(name, progress, mirror)
    _report("installed", found)
    _compare_precisions(found)
    click.echo(_what_changes(found.name))


@weights.command("set")
@click.argument("name")
@click.option(
    "--bridges",
    type=click.IntRange(0, MOST_PX),
    metavar="PX",
    help="Largest distance from the edge of a hole that they bridge on one level; 0 for what is "
    "assumed. Larger holes are filled on a reduced level first.",
)
@click.option(
    "--usable",
    type=click.IntRange(0, MOST_PX),
    metavar="PX",
    help="Side of the largest tile that they are shown; 0 for what is assumed.",
)
@click.option("--default", is_flag=True, help="Make fills with them where nothing else is said.")
def set_(name: str, bridges: int | None, usable: int | None, default: bool) -> None:
    """Set what imported weights can do, or which weights are used by default."""
    from lacuna.network.catalogue import choose_default, set_limits

    if bridges is None and usable is None and not default:
        raise click.UsageError("Nothing is to be set. Add --bridges PX, --usable PX or --default.")
    if bridges is not None or usable is not None:
        found = set_limits(name, bridges, usable)
        click.echo(
            f"{name} bridges {found.max_hole_radius_px:,} px from the edge of a hole, and is shown "
            f"tiles of up to {found.usable_px:,} px."
        )
    if default:
        choose_default(name)
        click.echo(f"Fills use {name} from now on, wherever nothing else is chosen.")


def _compare_precisions(found: "WeightsInfo") -> None:
    """Have both precisions fill a picture where one of them would be used; say what came of it."""
    from lacuna.network.catalogue import find_weights
    from lacuna.network.device import choose_devices
    from lacuna.network.tile_network import check_precision
    from lacuna_wire import LacunaError

    try:
        check_precision(found, choose_devices("auto"))
    except LacunaError as error:
        click.echo(f"{error.message} The precisions are compared at the first fill.", err=True)
    for device, difference in find_weights(found.name).bfloat16.items():
        click.echo(f"On {device} it fills in {difference}.")


def _what_changes(name: str) -> str:
    """Say which weights fills use now, and how that is changed."""
    from lacuna.network.catalogue import PATCHES, default_name

    default = default_name()
    if default == name:
        back = f"lacuna weights set {PATCHES} --default"
        return f"Fills use {name} from now on. To go back, type `{back}`."
    use = f"lacuna weights set {name} --default"
    return f"Fills use {default} as before. To have them use {name}, type `{use}`."


def _report(what: str, found: "WeightsInfo") -> None:
    from lacuna.network.architectures import in_words

    click.echo(
        f"{found.name} is {what}: {found.architecture.NAME}, {in_words(found.dimensions)}, "
        f"{found.size_bytes / MIB:.1f} MiB, SHA-256 {found.sha256}."
    )


def _row(found: "WeightsInfo", default: str) -> tuple[str, ...]:
    cells = (
        "*" if found.name == default else "",
        found.name,
        f"{found.size_bytes / MIB:.1f} MiB",
        f"{found.architecture.NAME} {' x '.join(map(str, found.dimensions.values()))}",
        f"{found.input}, {found.output}",
        f"{found.trained_px} px",
        found.licence,
        found.sha256[:10],
    )
    return tuple(_printable(cell) for cell in cells)


def _show(rows: Sequence[Sequence[str]], columns: Sequence[str] = ()) -> None:
    """Print a table: lines of cells between tabs for programs, aligned for people."""
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, show_header=bool(columns), box=None, padding=(0, 1, 0, 0))
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


@contextmanager
def _progress(name: str) -> Iterator["ReportBytes"]:
    """Yield a function that shows how much has been downloaded; silent without a terminal."""
    if not sys.stderr.isatty():
        yield lambda _there, _total: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(TextColumn(name), BarColumn(), *columns, console=console) as bar:
        task = bar.add_task(name, total=None)
        yield lambda there, total: bar.update(task, completed=there, total=total or None)


def _printable(text: str) -> str:
    """Keep what a file says about itself from moving the cursor or changing the terminal."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)
