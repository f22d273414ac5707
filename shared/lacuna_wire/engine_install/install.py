"""Make an engine: environment, packages, setup. It is there as a whole, or not at all."""

from pathlib import Path
from typing import Optional

from ..errors import LacunaError
from .making import Asked, Making, Report
from .offer import InstallOffer, busy, not_written
from .own_command import failed_rows, run_own, setup_command, uninstall_command
from .places import (
    SETTING_UP,
    Engine,
    is_somebody_at_work,
    new_engine,
    older_engines,
    remove_folder,
    remove_if_empty,
    unfinished_engines,
)
from .processes import Mark


def install(offer: InstallOffer, report: Report, cancelled: Asked) -> Engine:
    """Install an engine and start it, also at login; an older one goes when the new one runs.

    Takes minutes: call it in a thread that may wait.

    Args:
        offer: What the user has agreed to.
        report: Gets how far it is, in this thread.
        cancelled: Asked about ten times a second.

    Raises:
        JobCancelled: If `cancelled` said so. Nothing is left behind.
        LacunaError: Why it could not be done. Nothing is left behind.
    """
    sweep()
    engine = new_engine(offer.version)
    try:
        if is_somebody_at_work():
            raise busy()
        engine.mark.parent.mkdir(parents=True, exist_ok=True)
        mark = Mark(engine.mark)
    except OSError as error:
        remove_if_empty()
        raise not_written(offer.folder, error) from error
    try:
        work = Making(offer, engine, mark, report, cancelled)
        try:
            work.do()
        except OSError as error:
            raise not_written(engine.folder, error) from error
    except BaseException:
        _undo(engine, mark, offer.before)
        raise
    mark.close()
    engine.mark.unlink()
    for older in older_engines(than=engine):
        _remove_files(older)
    return engine


def sweep() -> None:
    """Remove what was begun and never finished, because an editor ended in the middle."""
    for engine in unfinished_engines():
        _take_back(engine, _word_of(engine.mark))
        _remove_files(engine)
    remove_if_empty()


def remove(engine: Engine) -> None:
    """Remove an engine: the daemon, its start at login and its state; weights of the user stay.

    Raises:
        LacunaError: `engine_stays`, if something of it cannot be removed; `install_busy`.
    """
    if is_somebody_at_work():
        raise busy()
    ran = run_own(uninstall_command(engine))
    if ran.returncode:
        raise _stays(failed_rows(ran.stdout) or f"exit code {ran.returncode}")
    mark = Mark(engine.mark)  # from here on it no longer counts
    mark.close()
    for each in (engine, *older_engines(than=engine)):
        _remove_files(each)
    remove_if_empty()
    if engine.folder.exists():
        raise _stays(str(engine.folder))


def _undo(engine: Engine, mark: Mark, before: Optional[Engine]) -> None:
    """Leave all as it was: without an engine, or with the one before."""
    word = _word_of(mark.path)
    mark.close()
    _take_back(engine, word)
    if before is not None and word == SETTING_UP:
        run_own(setup_command(before))
    _remove_files(engine)
    remove_if_empty()


def _take_back(engine: Engine, word: str) -> None:
    """Remove what setup has left outside of an environment, if it had begun."""
    if word == SETTING_UP and engine.python.exists():
        run_own(uninstall_command(engine))


def _remove_files(engine: Engine) -> None:
    """Remove an environment; what cannot be removed is left to the next sweep, by its mark."""
    try:
        engine.mark.touch()
        remove_folder(engine.folder)
        engine.mark.unlink()
    except OSError:
        pass


def _word_of(mark: Path) -> str:
    try:
        return mark.read_text("utf-8").strip()
    except (OSError, ValueError):
        return ""


def _stays(reason: str) -> LacunaError:
    return LacunaError(
        f"The Lacuna engine could not be removed: {reason}.",
        code="engine_stays",
        values={"reason": reason},
    )
