"""Fill the pictures of a batch, one after the other; one that fails keeps none from being filled.

While one is filled the next is read, if there is room for both.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from lacuna.files import MaskMeaning, is_streamed
from lacuna.files.output import sweep
from lacuna.machine import free_memory_bytes
from lacuna.removal import (
    OnProgress,
    Page,
    Removal,
    RemovalPaths,
    Removed,
    connect,
    prepare,
    save_removed,
)
from lacuna_wire import JobStatus, LacunaError, Options
from lacuna_wire.errors import DaemonElsewhere, DaemonUnreachable, ProtocolMismatch, QueueFull

from . import remarks
from .items import DONE, FAILED, NOT_BEGUN, SKIPPED, BatchItem, Ended

PATIENCE_S = 3600.0  # with other clients of the daemon, whose jobs fill its queue
ASK_AGAIN_S = 1.0
SHARE_FOR_NEXT = (
    4  # the next picture is read early if one like this takes a quarter of what is free
)


class Way(NamedTuple):
    """How the pictures of a batch are filled.

    Attributes:
        options: Of the fills.
        meaning: Of the masks.
        fill: Fills one.
        copy_from: As in `RemovalPaths`.
        avoid: The same.
        waits_for_room: Whether a queue that others have filled is waited for.
        page: As in `RemovalPaths`.
    """

    options: Options
    meaning: MaskMeaning
    fill: Callable[[Removal, OnProgress], Removed]
    copy_from: Path | None = None
    avoid: Path | None = None
    waits_for_room: bool = True
    page: Page = None


class Watcher(Protocol):
    """Whoever is told how a batch goes on."""

    def begin(self, item: BatchItem) -> None: ...
    def show(self, status: JobStatus) -> None: ...
    def remark(self, item: BatchItem, sentence: str) -> None: ...
    def ended(self, ended: Ended) -> None: ...


def run_batch(items: Sequence[BatchItem], way: Way, watcher: Watcher) -> None:
    """Fill what has no obstacle, and tell of every item once how it ended.

    Raises:
        KeyboardInterrupt: If the user ends it. What was written by then was told.
    """
    for item in items:
        if item.obstacle is not None:
            watcher.ended(Ended(item, *item.obstacle))
    going = [item for item in items if item.obstacle is None]
    with _reading(going, way) as read_next:
        for done, item in enumerate(going):
            watcher.begin(item)
            before, is_told = _stamp(item.out), False
            try:
                ended = _fill_one(item, read_next, way, watcher)
                with _undisturbed():
                    is_told = True
                    watcher.ended(ended)
            except KeyboardInterrupt:
                if not is_told and _stamp(item.out) != before:  # it has just been written
                    watcher.ended(Ended(item, DONE))
                raise
            left_over = going[done + 1 :]
            if left_over and (reason := _hopeless(ended)):
                for left in left_over:
                    watcher.ended(Ended(left, SKIPPED, NOT_BEGUN, f"It was not begun. {reason}"))
                return


def prepared(item: BatchItem, way: Way) -> Removal:
    """Read an item; raises what `prepare` raises."""
    assert item.mask is not None
    paths = RemovalPaths(item.image, item.mask, item.out, way.copy_from, way.avoid, way.page)
    return prepare(paths, way.options, way.meaning)


def failed(item: BatchItem, error: Exception) -> Ended:
    """Return how an item ends that raised something, also what nobody has foreseen."""
    if isinstance(error, LacunaError):
        return Ended(item, FAILED, error.code, error.message, error=error)
    if isinstance(error, MemoryError):
        reason = f"{item.image.name} needs more memory than this computer has free."
        return Ended(item, FAILED, "too_large", reason, error=LacunaError(reason))
    reason = f"Lacuna itself failed, with {type(error).__name__}: {str(error).rstrip('.')}."
    return Ended(item, FAILED, "unexpected", reason, error=error)


def _fill_one(
    item: BatchItem, read_next: Callable[[], Removal], way: Way, watcher: Watcher
) -> Ended:
    said: list[str] = []

    def say(sentences: list[str]) -> None:
        said.extend(sentences)
        for sentence in sentences:
            watcher.remark(item, sentence)

    start = time.monotonic()
    ended = Ended(item, DONE)
    try:
        removal = read_next()
        start = time.monotonic()
        ended = ended._replace(width=removal.picture.width, height=removal.picture.height)
        say(remarks.before(item, removal, way.meaning))
        pages = [_patiently(way, page, watcher) for page in (removal, *removal.others)]
        removed = max(pages, key=lambda page: page.grown_px)
        said_of_copy = save_removed(removal, pages, item.out)
        ended = ended._replace(grown_px=removed.grown_px, seconds=time.monotonic() - start)
        say(said_of_copy)
        with suppress(LacunaError, MemoryError):  # nothing but hints: the picture is written
            say(remarks.after(item, removal, removed))
    except Exception as error:
        return failed(item, error)._replace(
            seconds=time.monotonic() - start,
            width=ended.width,
            height=ended.height,
            remarks=tuple(said),
        )
    return ended._replace(remarks=tuple(said))


def _patiently(way: Way, removal: Removal, watcher: Watcher) -> Removed:
    """Fill it as soon as the daemon has room for one more job."""
    give_up = time.monotonic() + PATIENCE_S * way.waits_for_room
    while True:
        try:
            return way.fill(removal, watcher.show)
        except QueueFull:
            if time.monotonic() >= give_up:
                raise
            time.sleep(ASK_AGAIN_S)


def _hopeless(ended: Ended) -> str:
    """Return why no other picture can be filled either; nothing if that is not so."""
    if isinstance(ended.error, DaemonElsewhere | DaemonUnreachable | ProtocolMismatch):
        try:
            connect()  # it may have been this picture that it died of
        except LacunaError as error:
            return error.message
    return ""


@contextmanager
def _reading(items: Sequence[BatchItem], way: Way) -> Iterator[Callable[[], Removal]]:
    """Lend a function that gives one item after the other, read, and raises what reading raises."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="lacuna-read")
    left = iter(items)
    early: list[Future[Removal]] = []

    def begin() -> None:
        item = next(left, None)
        if item is not None:
            early.append(pool.submit(prepared, item, way))

    def read_next() -> Removal:
        if not early:
            begin()
        future = early.pop()
        while not wait([future], ASK_AGAIN_S).done:
            pass  # Windows lets nobody interrupt a wait without an end
        try:
            removal = future.result()
        except Exception:
            begin()
            raise
        if _held_bytes(removal) * SHARE_FOR_NEXT <= free_memory_bytes():
            begin()
        return removal

    try:
        yield read_next
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _held_bytes(removal: Removal) -> int:
    picture = removal.picture
    if is_streamed(picture, removal.out):
        return 0
    return picture.width * picture.height * picture.layout.pixel_bytes


@contextmanager
def output_folders(items: Sequence[BatchItem]) -> Iterator[None]:
    """Make the folders of outputs; those that stay empty are taken away again."""
    made: list[Path] = []
    for folder in dict.fromkeys(item.out.parent for item in items):
        with suppress(OSError):  # where it cannot be made, each of its pictures says so
            missing = [one for one in (folder, *folder.parents) if not os.path.exists(one)]
            for one in reversed(missing):
                one.mkdir()
                made.append(one)
            sweep(folder)
    try:
        yield
    finally:
        for folder in reversed(made):
            with suppress(OSError):
                folder.rmdir()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Put Ctrl-C off until the end of the block: what is written is told in any case."""
    is_ours = threading.current_thread() is threading.main_thread()
    if not is_ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield  # somebody else decides what it does
        return
    pressed: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _frame: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if pressed:
        raise KeyboardInterrupt


def _stamp(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from the one that replaces it."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns
