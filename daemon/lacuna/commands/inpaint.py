"""`lacuna inpaint`: remove what a mask covers from one picture or from many."""

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from lacuna.commands.fill_options import fill_options
from lacuna.commands.grouped import GroupedCommand
from lacuna.commands.paths import FILE
from lacuna_wire import LacunaError, Options
from lacuna_wire.errors import BadRequest

if TYPE_CHECKING:
    from lacuna.batch.items import BatchItem

HIGHEST_THRESHOLD = 254  # of 255: something has to be brighter
GROUPS = {
    "Output": ("output", "page", "overwrite", "only_estimate", "progress"),
    "Many pictures": ("mask_suffix", "masks", "recursive", "skip_existing", "report"),
    "Mask": ("invert", "mask_threshold", "grow", "feather", "transparency"),
    "What is copied": ("copy_from", "avoid", "copy_direction", "variation", "colour_correction"),
    "Network": ("weights", "device", "local", "memory_limit", "tile", "overlap", "strategy"),
}
EXAMPLES = (
    "lacuna inpaint photo.jpg mask.png -o clean.png",
    "lacuna inpaint photo.jpg mask.png -o clean.png --copy-from grass.png",
    "lacuna inpaint *.tif --mask-suffix _mask -o cleaned",
    "lacuna inpaint scans --recursive --masks masks -o cleaned --skip-existing",
    "lacuna inpaint frames --masks logo.png -o cleaned --report cleaned.jsonl",
)


def _check_threshold(
    _context: click.Context, _parameter: click.Parameter, value: int | None
) -> int | None:
    if value is not None and not 0 <= value <= HIGHEST_THRESHOLD:
        raise BadRequest(
            f"`--mask-threshold {value}` is not possible: it must be 0 to {HIGHEST_THRESHOLD}, and "
            "what is brighter is white."
        )
    return value


def _check_page(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> int | Literal["all"] | None:
    if value is None or value == "all":
        return value  # type: ignore[return-value]
    if value.isascii() and value.isdigit() and int(value):
        return int(value)
    raise BadRequest(f"`--page {value}` is not possible: give a number from 1 on, or `all`.")


@click.command(cls=GroupedCommand, groups=GROUPS, examples=EXAMPLES)
@click.argument("paths", nargs=-1, required=True, type=FILE, metavar="IMAGE MASK | IMAGES...")
@click.option(
    "-o", "--output", required=True, type=FILE, help="A file, or a folder; of many, a folder."
)
@click.option(
    "--page",
    callback=_check_page,
    metavar="N|all",
    help="Of a TIFF with several pages, fill this one, or all of them.",
)
@click.option(
    "--mask-suffix",
    metavar="SUFFIX",
    help="All paths are pictures, or folders of them; the mask of a.jpg is a<SUFFIX>.png, .tif, "
    "... beside it.",
)
@click.option(
    "--masks",
    type=FILE,
    metavar="FOLDER|MASK",
    help="The same, but masks lie in this folder, each under the name of its picture (with "
    "--mask-suffix, that and the suffix); or the one mask of all pictures.",
)
@click.option("--recursive", is_flag=True, help="Look into the folders of folders, too.")
@click.option(
    "--skip-existing", is_flag=True, help="Leave alone what has an output already: go on."
)
@click.option(
    "--report",
    type=FILE,
    metavar="FILE.jsonl",
    help="Add a line of JSON to this file for each picture, as it ends.",
)
@click.option("--invert", is_flag=True, help="Black is what is to go, and white what is to stay.")
@click.option(
    "--mask-threshold",
    type=int,
    callback=_check_threshold,
    metavar="0..254",
    help="What is brighter in the mask is white, all else black; 0 suits labels. By default gray "
    "goes partly, and only JPEG and lossy WebP are cut, at 127: their grays are noise.",
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
    "--progress/--no-progress", default=None, help="Show progress bars (default: on a terminal)."
)
def inpaint(
    paths: tuple[Path, ...],
    output: Path,
    page: int | Literal["all"] | None,
    mask_suffix: str | None,
    masks: Path | None,
    recursive: bool,
    skip_existing: bool,
    report: Path | None,
    invert: bool,
    mask_threshold: int | None,
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

    Reads and writes PNG, JPEG, WebP, TIFF, JPEG XL and AVIF, of 8 bit, 16 bit and float, and reads
    JPEG 2000, HEIC, BMP, GIF and PNM. Depth, profile, alpha and metadata stay as they are. Of a
    JPEG only the blocks under what changed are coded anew.

    With --mask-suffix or --masks many pictures are filled. One that fails keeps no other from being
    filled: a table at the end says why, and the command ends with 2.
    """
    from lacuna.batch.items import check_outputs
    from lacuna.batch.run import Way
    from lacuna.commands.filling import estimate_each, fill_each
    from lacuna.files import MaskMeaning
    from lacuna.network.catalogue import check_choice
    from lacuna.removal import fill_by_daemon, fill_here

    weights = chosen.pop("weights")
    options = Options(**chosen, result="composite")
    Options.from_dict(options.as_dict())  # the same limits with and without the daemon
    if weights.endswith(".safetensors"):
        weights, local = os.path.abspath(weights), True  # the daemon opens no file for anybody
    check_choice(weights)
    if skip_existing and overwrite:
        raise BadRequest(
            "Outputs that exist are kept by --skip-existing and replaced by --overwrite. Give one "
            "of them."
        )
    is_one = mask_suffix is None and masks is None
    items = _planned(paths, output, mask_suffix, masks, recursive, copy_from, avoid)
    items = check_outputs(items, overwrite, skip_existing)
    way = Way(
        replace(options, weights=weights),
        MaskMeaning(invert, mask_threshold),
        fill_by_daemon,
        copy_from,
        avoid,
        waits_for_room=not is_one,
        page=page,
    )
    if only_estimate:
        estimate_each(items, way, is_one)
        return
    if local:
        from lacuna.filler import Filler

        way = way._replace(fill=partial(fill_here, filler=Filler()))
    fill_each(items, way, output, report, progress, is_one)
    if not local and options.device == "auto":
        _tell_of_an_unused_card()


def _planned(
    paths: Sequence[Path],
    output: Path,
    mask_suffix: str | None,
    masks: Path | None,
    recursive: bool,
    copy_from: Path | None,
    avoid: Path | None,
) -> "list[BatchItem]":
    from lacuna.batch.masks import mask_place
    from lacuna.batch.plan import plan_many, plan_one

    if mask_suffix is None and masks is None:
        return plan_one(paths, output)
    many = "--mask-suffix" if masks is None else "--masks"
    for option, given in (("--copy-from", copy_from), ("--avoid", avoid)):
        if given is not None:
            raise BadRequest(
                f"{option} names a mask for one picture, and {many} takes {len(paths)}. "
                f"Run `lacuna inpaint IMAGE MASK -o OUT {option} {given}` for each of them."
            )
    return plan_many(paths, output, mask_place(mask_suffix, masks), recursive)


def _tell_of_an_unused_card() -> None:
    from lacuna.commands.card_checks import tell_once
    from lacuna.removal import connect

    try:
        device = str(connect().status()["device"] or "")
    except LacunaError:
        return  # everything is written already
    if sentence := tell_once(device):
        click.echo(sentence, err=True)
