"""One picture, from file to file: what `lacuna inpaint` and `lacuna demo` do."""

import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lacuna.engine.edge.find import find_edge
from lacuna.engine.geometry.context import along, plan_job
from lacuna.engine.geometry.regions import plan_regions
from lacuna.engine.pixels.document import Document, Samples, strips
from lacuna.files import (
    SUPPORTED_SUFFIXES,
    AllowedPixels,
    Edit,
    Picture,
    SparseMask,
    check_alike,
    check_output,
    check_size,
    open_picture,
    read_allowed,
    read_mask,
)
from lacuna.files.plane import FilePlane
from lacuna.samples import DTYPES
from lacuna_wire import JobRequest, JobStatus, LacunaError, Options, Rect
from lacuna_wire.client import Client, inpaint
from lacuna_wire.endpoint import find_daemon, start_daemon
from lacuna_wire.errors import BadRequest, Conflict, Unprocessable
from lacuna_wire.messages import REQUIRED_PLANES, Progress
from lacuna_wire.options import AUTO_GROW
from lacuna_wire.planes import nearest_sources

if TYPE_CHECKING:  # the engine's own process imports torch; this module does not
    from lacuna.filler import Filler

OnProgress = Callable[[JobStatus], None]

MOST_LOOKED_AT_PX = 1 << 24  # around a selection, for a hint that nobody asked for


class RemovalPaths(NamedTuple):
    """What is read for one picture, and the file to write.

    Attributes:
        image: The picture.
        mask: White = remove.
        out: The file to write.
        copy_from: White = may be copied, and nothing else; None if all may.
        avoid: White = must not be copied.
    """

    image: Path
    mask: Path
    out: Path
    copy_from: Path | None = None
    avoid: Path | None = None


class Removal(NamedTuple):
    """A piece of work that was read and found possible.

    Attributes:
        picture: The open picture.
        selection: Of all of it, 0 = keep, 255 = remove.
        request: The job as the daemon gets it.
        out: The file to write.
        sources: What may be copied; None if all may.
    """

    picture: Picture
    selection: SparseMask
    request: JobRequest
    out: Path
    sources: AllowedPixels | None = None


class Removed(NamedTuple):
    """What a removal made.

    Attributes:
        edits: Of the picture.
        grown_px: Pixels that a `grow` of AUTO_GROW added to the mask at most.
    """

    edits: list[Edit]
    grown_px: int


def plan_work(
    paths: Sequence[Path],
    output: Path,
    mask_suffix: str | None,
    overwrite: bool,
    copy_from: Path | None = None,
    avoid: Path | None = None,
) -> list[RemovalPaths]:
    """Say what is read and written, before anything is: one `RemovalPaths` per picture.

    Args:
        paths: A picture and its mask; with `mask_suffix`, pictures.
        output: A file, or a folder that exists; with `mask_suffix`, a folder.
        mask_suffix: What the name of a mask has after the name of its picture.
        overwrite: Whether files that exist may be replaced.
        copy_from: As in `RemovalPaths`, of the one picture.
        avoid: The same.

    Raises:
        BadRequest: If the paths are not what the form of the call needs.
        LacunaError: If a mask is missing (`no_such_file`).
        Conflict: If an output exists (`output_exists`) or two are the same.
    """
    if mask_suffix is None:
        if len(paths) != 2:
            raise BadRequest(
                f"IMAGE and MASK are needed, {len(paths)} paths were given; "
                "for many pictures name the masks with --mask-suffix."
            )
        image, mask = paths
        out = output / image.name if output.is_dir() else output
        works = [RemovalPaths(image, mask, out, copy_from, avoid)]
    else:
        for option, given in (("--copy-from", copy_from), ("--avoid", avoid)):
            if given is not None:
                raise BadRequest(
                    f"{option} names a mask for one picture, and --mask-suffix takes {len(paths)}. "
                    f"Run `lacuna inpaint IMAGE MASK -o OUT {option} {given}` for each of them."
                )
        if not output.is_dir():
            raise BadRequest(f"{output} is not a folder; many pictures need one as output.")
        works = [
            RemovalPaths(path, find_mask(path, mask_suffix), output / path.name) for path in paths
        ]
    for work in works:
        if work.out.exists() and not overwrite:
            what = "the input itself" if _same(work.out, work.image) else "there already"
            raise Conflict(f"{work.out} is {what}; --overwrite replaces it.", code="output_exists")
    if len({work.out for work in works}) < len(works):
        raise Conflict(
            f"{len(works)} pictures would be written to {len({w.out for w in works})} files.",
            code="output_exists",
        )
    return works


def find_mask(image: Path, suffix: str) -> Path:
    """Find the mask of a picture: `a.jpg` with suffix `_mask` has `a_mask.png`, `.tif`, ...

    Raises:
        LacunaError: If there is none (code `no_such_file`).
    """
    for kind in (image.suffix, ".png", *SUPPORTED_SUFFIXES):
        mask = image.with_name(f"{image.stem}{suffix}{kind}")
        if mask != image and mask.exists():
            return mask
    raise LacunaError(
        f"{image.name} has no mask: there is no {image.stem}{suffix}.png (or .tif, .jpg, ...) "
        f"in {image.parent}.",
        code="no_such_file",
        status=404,
    )


def prepare(work: RemovalPaths, options: Options) -> Removal:
    """Read picture and mask and refuse at once what cannot be done.

    Raises:
        LacunaError: If a file cannot be read or written, or the two do not fit together
            (`mask_size`, `empty_selection`, `no_context`).
    """
    check_alike(work.image, work.mask)
    picture = open_picture(work.image)
    check_output(work.out, picture)
    if picture.alpha_is_unknown:
        options = replace(options, transparency="empty")
    selection = read_mask(work.mask)
    check_size(work.mask, selection, picture.width, picture.height)
    bounds = selection.bounds()
    if not bounds.area:
        raise Unprocessable(
            f"{work.mask.name} selects nothing: all its pixels are black.", code="empty_selection"
        )
    if selection.is_all_selected():
        raise Unprocessable(
            f"{work.mask.name} selects everything: nothing is left to fill from.", code="no_context"
        )
    request = JobRequest(
        id=str(uuid.uuid4()),
        width=picture.width,
        height=picture.height,
        selection=bounds,
        layout=picture.layout,
        options=options,
    )
    if work.copy_from is None and work.avoid is None:
        return Removal(picture, selection, request, work.out)
    sources = read_allowed(work.copy_from, work.avoid, selection)
    request = request._replace(
        planes=(*REQUIRED_PLANES, "sources"), sources=_needed(sources, request)
    )
    return Removal(picture, selection, request, work.out, sources)


def _needed(sources: AllowedPixels, request: JobRequest) -> Rect | None:
    """Bound what the window has to hold of what may be copied."""
    part = request.selection.grow(request.options.grow).intersect(request.image)
    within = along(part, request.options.copy_direction, request.image).intersect(sources.bounds)
    return nearest_sources(lambda rect: sources[rect.slices].tobytes(), within, part, request.image)


def connect() -> Client:
    """Find the daemon, or start the one that belongs to this program.

    Raises:
        DaemonUnreachable: If it does not come up.
    """
    return Client(find_daemon() or start_daemon([sys.executable, "-m", "lacuna", "serve"]))


def fill_by_daemon(removal: Removal, on_progress: OnProgress) -> Removed:
    """Let the daemon fill it; start one if none runs."""
    request = removal.request

    def read_window(window: Rect) -> Iterator[memoryview]:
        document = document_of(removal, window)
        planes = {
            "pixels": document.samples,
            "selection": document.selection,
            "sources": document.sources,
        }
        for plane in (planes[name] for name in request.planes):
            assert plane is not None
            for strip in strips(document.rect):
                yield plane[strip.slices].data.cast("B")

    answer = inpaint(connect(), request, read_window, on_progress, lambda: False)
    rect, grown_px = answer.rect, answer.grown_px
    samples = np.frombuffer(answer.pixels, DTYPES[request.layout.sample])
    samples = samples.reshape(rect.height, rect.width, request.layout.channel_count)
    # What lies between the regions came back as it was: no need to compress it again.
    regions = plan_regions(removal.selection, request.options.least_grow + grown_px)
    parts = [region.part.intersect(rect) for region in regions]
    return Removed([(part, samples[part.relative_to(rect).slices]) for part in parts], grown_px)


def fill_here(removal: Removal, on_progress: OnProgress, filler: "Filler") -> Removed:
    """Fill it in this process, reading no more of the files at a time than a region needs."""
    request = removal.request
    window, _tiles = plan_job(request, filler.role(request.options))
    edits: list[Edit] = []

    def take(rect: Rect, samples: Samples) -> None:
        edits.append((rect.shift(window.left, window.top), samples))

    def report(progress: Progress) -> None:
        on_progress(JobStatus(request.id, "running", **progress._asdict()))

    edge = find_edge(document_of(removal, window), request.options)
    filler.fill(edge.document, edge.options, lambda _plan: take, report, lambda: False)
    return Removed(edits, edge.grown_px)


def would_grow(removal: Removal) -> int:
    """Return how many pixels a `grow` of AUTO_GROW would add to the mask; 0 if it is none.

    So it is for what would take long to look at, and where the user has chosen a number.
    """
    request = removal.request
    if request.options.grow or request.selection.area > MOST_LOOKED_AT_PX:
        return 0
    window, _tiles = plan_job(request)
    options = replace(request.options, grow=AUTO_GROW)
    return find_edge(document_of(removal, window), options).grown_px


def document_of(removal: Removal, window: Rect) -> Document:
    """Show the engine a window of picture and masks; none is read before it is asked for."""
    sources = removal.sources
    return Document(
        FilePlane(removal.picture.read, window),
        FilePlane(lambda rect: removal.selection[rect.slices], window),
        removal.request.layout,
        None if sources is None else FilePlane(lambda rect: sources[rect.slices], window),
    )


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)
