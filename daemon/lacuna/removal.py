"""One picture, from file to file: what `lacuna inpaint` and `lacuna demo` do."""

import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from lacuna.engine.edge.find import find_edge
from lacuna.engine.geometry.context import along, plan_job
from lacuna.engine.geometry.regions import plan_regions
from lacuna.engine.pixels.document import Document, Samples, strips
from lacuna.files import (
    WHITE_IS_MISSING,
    AllowedPixels,
    Edit,
    MaskMeaning,
    Picture,
    SparseMask,
    check_alike,
    check_holds_pages,
    check_output,
    check_size,
    open_page,
    open_picture,
    page_count,
    read_allowed,
    read_mask,
    save_pages,
    save_picture,
)
from lacuna.files.plane import FilePlane
from lacuna.samples import DTYPES
from lacuna_wire import JobRequest, JobStatus, Options, Rect
from lacuna_wire.client import Client, inpaint
from lacuna_wire.endpoint import find_daemon, start_daemon
from lacuna_wire.errors import DaemonUnreachable, Unprocessable
from lacuna_wire.messages import REQUIRED_PLANES, Progress
from lacuna_wire.options import AUTO_GROW
from lacuna_wire.planes import nearest_sources

if TYPE_CHECKING:  # the engine's own process imports torch; this module does not
    from lacuna.filler import Filler

OnProgress = Callable[[JobStatus], None]

MOST_LOOKED_AT_PX = 1 << 24  # around a selection, for a hint that nobody asked for


ALL_PAGES: Literal["all"] = "all"
Page = int | Literal["all"] | None


class RemovalPaths(NamedTuple):
    """What is read for one picture, and the file to write.

    Attributes:
        image: The picture.
        mask: White = remove.
        out: The file to write.
        copy_from: White = may be copied, and nothing else; None if all may.
        avoid: White = must not be copied.
        page: Of a TIFF with several; None for the one that there is.
    """

    image: Path
    mask: Path
    out: Path
    copy_from: Path | None = None
    avoid: Path | None = None
    page: Page = None


class Removal(NamedTuple):
    """A piece of work that was read and found possible.

    Attributes:
        picture: The open picture.
        selection: Of all of it, 0 = keep, 255 = remove.
        request: The job as the daemon gets it.
        out: The file to write.
        sources: What may be copied; None if all may.
        others: The further pages of the file, if all are to be filled.
    """

    picture: Picture
    selection: SparseMask
    request: JobRequest
    out: Path
    sources: AllowedPixels | None = None
    others: tuple["Removal", ...] = ()


class Removed(NamedTuple):
    """What a removal made.

    Attributes:
        edits: Of the picture.
        grown_px: Pixels that a `grow` of AUTO_GROW added to the mask at most.
    """

    edits: list[Edit]
    grown_px: int


def prepare(
    work: RemovalPaths, options: Options, meaning: MaskMeaning = WHITE_IS_MISSING
) -> Removal:
    """Read picture and mask and refuse at once what cannot be done.

    Args:
        work: What to read and write.
        options: Of the fill.
        meaning: Of the mask.

    Raises:
        LacunaError: If a file cannot be read or written, or the two do not fit together
            (`mask_size`, `empty_selection`, `no_context`).
    """
    if work.page == ALL_PAGES:
        pages = range(1, page_count(work.image) + 1)
        first, *others = (prepare(work._replace(page=page), options, meaning) for page in pages)
        check_holds_pages(work.out, first.picture, len(pages))
        return first._replace(others=tuple(others))
    if work.page is None:
        check_alike(work.image, work.mask)
        picture = open_picture(work.image)
    else:
        picture = open_page(work.image, work.page)
    check_output(work.out, picture)
    if picture.alpha_is_unknown:
        options = replace(options, transparency="empty")
    selection = read_mask(work.mask, meaning)
    check_size(work.mask, selection, picture.width, picture.height)
    bounds = selection.bounds()
    black, white = ("white", "black") if meaning.inverted else ("black", "white")
    if not bounds.area:
        raise Unprocessable(
            f"{work.mask.name} selects nothing: all its pixels are {black}. "
            f"Paint {white} what is to go{', or leave out --invert' * meaning.inverted}.",
            code="empty_selection",
        )
    if selection.is_all_selected():
        raise Unprocessable(
            f"{work.mask.name} selects everything: nothing is left to fill from. "
            f"Paint {black} what is to stay.",
            code="no_context",
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


def save_removed(removal: Removal, removed: Sequence[Removed], out: Path) -> list[str]:
    """Save the picture, or all pages of it, as `save_picture` does; one of `removed` for each."""
    if not removal.others:
        return save_picture(removal.picture, out, removed[0].edits)
    pages = [removal.picture, *(other.picture for other in removal.others)]
    return save_pages(out, [(page, each.edits) for page, each in zip(pages, removed, strict=True)])


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
    """Let the daemon fill it; start one if none runs, and another one, once, if it dies meanwhile.

    Raises:
        LacunaError: Whatever kept the job from being done; `daemon_unreachable` if no daemon can be
            started, or the second one is lost, too.
    """
    client = connect()
    try:
        return _fill_by(client, removal, on_progress)
    except DaemonUnreachable:
        again = removal.request._replace(id=str(uuid.uuid4()))
        return _fill_by(connect(), removal._replace(request=again), on_progress)


def _fill_by(client: Client, removal: Removal, on_progress: OnProgress) -> Removed:
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

    answer = inpaint(client, request, read_window, on_progress, lambda: False)
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
