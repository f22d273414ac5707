"""`lacuna inpaint`: remove what a mask covers from one picture or from many."""

import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lacuna.commands.fill_options import fill_options
from lacuna.commands.paths import FILE
from lacuna_wire import LacunaError, Options

if TYPE_CHECKING:
    from lacuna.removal import Removal


@click.command()
@click.argument("paths", nargs=-1, required=True, type=FILE, metavar="IMAGE MASK")
@click.option("-o", "--output", required=True, type=FILE, help="A file, or a folder that exists.")
@click.option(
    "--mask-suffix",
    help="Take all paths as pictures; the mask of a.jpg is a<SUFFIX>.png, .tif, ... next to it.",
)
@click.option(
    "--copy-from",
    type=FILE,
    metavar="MASK",
    help="Copy into the hole only what is white in this mask of the picture's size.",
)
@click.option(
    "--avoid",
    type=FILE,
    metavar="MASK",
    help="Never copy what is white in this mask; with --copy-from, what is left of that.",
)
@fill_options("result")
@click.option(
    "--overwrite", is_flag=True, help="Replace an existing output, even the input itself."
)
@click.option("--local", is_flag=True, help="Work in this process, without the daemon.")
@click.option(
    "--estimate",
    "only_estimate",
    is_flag=True,
    help="Say what the fill would take, without filling.",
)
@click.option(
    "--progress/--no-progress", default=None, help="Show a progress bar (default: on a terminal)."
)
def inpaint(
    paths: tuple[Path, ...],
    output: Path,
    mask_suffix: str | None,
    copy_from: Path | None,
    avoid: Path | None,
    overwrite: bool,
    local: bool,
    only_estimate: bool,
    progress: bool | None,
    **chosen: Any,
) -> None:
    """Remove what MASK covers (white = remove) from IMAGE, and leave every other pixel untouched.

    With --grow N, pixels up to N px outside of the mask change, too; with --grow auto, where what
    is removed bleeds over the mask, up to 14 px.

    Reads and writes PNG, JPEG, WebP and TIFF of 8 bit, 16 bit and float. Depth, profile, alpha and
    metadata stay as they are. Of a JPEG only the blocks under what changed are coded anew.

    \b
    lacuna inpaint photo.jpg mask.png -o clean.png
    lacuna inpaint *.tif --mask-suffix _mask -o cleaned/
    lacuna inpaint photo.jpg mask.png -o clean.png --copy-from grass.png --avoid people.png
    """  # noqa: D301  (click wants the control character, not its name)
    from lacuna.commands.progress import progress_bar
    from lacuna.files import save_picture
    from lacuna.network.catalogue import check_choice
    from lacuna.removal import fill_by_daemon, fill_here, plan_work, prepare, would_grow

    weights = chosen.pop("weights")
    options = Options(**chosen, result="composite")
    Options.from_dict(options.as_dict())  # the same limits with and without the daemon
    if weights.endswith(".safetensors"):
        weights, local = os.path.abspath(weights), True  # the daemon opens no file for anybody
    check_choice(weights)
    options = replace(options, weights=weights)
    works = plan_work(paths, output, mask_suffix, overwrite, copy_from, avoid)
    if only_estimate:
        for work in works:
            click.echo(f"{work.image.name}: {_estimated(prepare(work, options))}")
        return

    fill = fill_by_daemon
    if local:
        from lacuna.filler import Filler

        fill = partial(fill_here, filler=Filler())
    for work in works:
        removal = prepare(work, options)
        with progress_bar(work.image.name, progress) as show:
            removed = fill(removal, show)
        remarks = save_picture(removal.picture, work.out, removed.edits)
        if removed.grown_px:
            click.echo(f"{work.image.name}: Edge found: +{removed.grown_px} px.", err=True)
        elif more_px := would_grow(removal):
            sentence = f"What is removed shows outside of {work.mask.name}; --grow auto would add"
            click.echo(f"{work.image.name}: {sentence} {more_px} px.", err=True)
        for remark in remarks:
            click.echo(f"{work.out.name}: {remark}", err=True)
    if not local and options.device == "auto":
        _tell_of_an_unused_card()


def _tell_of_an_unused_card() -> None:
    from lacuna.commands.card_checks import tell_once
    from lacuna.removal import connect

    try:
        device = str(connect().status()["device"] or "")
    except LacunaError:
        return  # everything is written already
    if sentence := tell_once(device):
        click.echo(sentence, err=True)


def _estimated(removal: "Removal") -> str:
    from lacuna.estimate import estimate, known_seconds

    plan = estimate(removal, known_seconds(removal.request))
    seconds = "an unknown time (no daemon knows it)"
    if plan.seconds is not None:
        seconds = f"about {plan.seconds:,.0f} s"
    return (
        f"{plan.windows:,} windows, {plan.levels} coarse levels, {plan.tiles:,} tiles of up to "
        f"{plan.tile_px} px, {seconds}, about {plan.memory_bytes >> 20:,} MiB of memory, "
        f"{plan.tile_bytes >> 20:,} MiB of them for a tile"
    )
