"""`lacuna inpaint`: remove what a mask covers from one picture or from many."""

import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lacuna.commands.amounts import memory_limit_option
from lacuna_wire import Options
from lacuna_wire.options import STRATEGIES

if TYPE_CHECKING:
    from lacuna.removal import Removal

LOSSY_SUFFIXES = (".jpg", ".jpeg")

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("paths", nargs=-1, required=True, type=_PATH, metavar="IMAGE MASK")
@click.option("-o", "--output", required=True, type=_PATH, help="A file, or a folder that exists.")
@click.option(
    "--mask-suffix",
    help="All paths are pictures; the mask of a.jpg is a<SUFFIX>.png, .tif, ... beside it.",
)
@click.option(
    "--weights",
    default="",
    help="Name of installed weights, or a .safetensors file (then --local).",
)
@click.option(
    "--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:N or cuda:all."
)
@click.option("--tile", type=int, default=0, help="Side of a tile in pixels; 0 chooses by memory.")
@click.option("--overlap", type=int, default=-1, help="Pixels that tiles share; -1 chooses.")
@click.option("--grow", type=int, default=0, help="Enlarge the mask by so many pixels.")
@click.option("--feather", type=int, default=0, help="Fade the mask's edge inwards over so many.")
@click.option(
    "--colour-correction/--no-colour-correction",
    default=True,
    help="Match the fill to the pixels around it (default).",
)
@click.option(
    "--strategy",
    type=click.Choice(STRATEGIES),
    default="auto",
    show_default=True,
    help="Coarse levels where a hole needs them (auto) or always (pyramid); without levels, "
    "each region in one piece (native) or a plain grid (tiles).",
)
@memory_limit_option
@click.option("--overwrite", is_flag=True, help="Replace an output that exists, even the input.")
@click.option("--local", is_flag=True, help="Work in this process instead of the daemon.")
@click.option(
    "--estimate", "only_estimate", is_flag=True, help="Say what it would take, and fill nothing."
)
@click.option("--progress/--no-progress", default=None, help="Show a bar; default on a terminal.")
def inpaint(
    paths: tuple[Path, ...],
    output: Path,
    mask_suffix: str | None,
    weights: str,
    device: str,
    tile: int,
    overlap: int,
    grow: int,
    feather: int,
    colour_correction: bool,
    strategy: str,
    memory_limit: int,
    overwrite: bool,
    local: bool,
    only_estimate: bool,
    progress: bool | None,
) -> None:
    r"""Remove what MASK covers (white = remove) from IMAGE, every other pixel untouched.

    PNG, JPEG, WebP and TIFF of 8 bit, 16 bit and float; depth, profile, alpha and metadata stay as
    they are. JPEG is lossy: write PNG or TIFF to keep the other pixels bit for bit.

    \b
    lacuna inpaint photo.jpg mask.png -o clean.png
    lacuna inpaint *.tif --mask-suffix _mask -o cleaned/
    """
    from lacuna.commands.progress import progress_bar
    from lacuna.network.catalogue import find_weights
    from lacuna.removal import fill_by_daemon, fill_here, plan_work, prepare

    options = Options(
        device=device,
        tile=tile,
        overlap=overlap,
        grow=grow,
        feather=feather,
        result="composite",
        colour_correction=colour_correction,
        strategy=strategy,
        memory_limit=memory_limit,
    )
    Options.from_dict(options.as_dict())  # the same limits with and without the daemon
    if weights.endswith(".safetensors"):
        weights, local = os.path.abspath(weights), True  # the daemon opens no file for anybody
    find_weights(weights)
    options = replace(options, weights=weights)
    works = plan_work(paths, output, mask_suffix, overwrite)
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
            patches = fill(removal, show)
        removal.picture.save(work.out, patches)
        if work.out.suffix.lower() in LOSSY_SUFFIXES:
            sentence = "JPEG is lossy, so pixels outside of the mask may differ by rounding."
            click.echo(f"{work.out.name}: {sentence}", err=True)


def _estimated(removal: "Removal") -> str:
    from lacuna.estimate import estimate, known_tile_seconds

    plan = estimate(removal, known_tile_seconds())
    seconds = "unknown time (no daemon has filled a tile yet)"
    if plan.seconds is not None:
        seconds = f"about {plan.seconds:,.0f} s"
    return (
        f"{plan.windows:,} windows, {plan.levels} coarse levels, {plan.tiles:,} tiles of up to "
        f"{plan.tile_px} px, {seconds}, about {plan.memory_bytes >> 20:,} MiB of memory, "
        f"{plan.tile_bytes >> 20:,} MiB of them for a tile"
    )
