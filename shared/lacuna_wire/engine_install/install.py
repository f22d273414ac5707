"""Make an engine: environment, packages, setup. It is there as a whole, or not at all."""

import os
import queue
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..endpoint import environment_of_others
from ..errors import JobCancelled, LacunaError
from ..torch_builds import INDEX, TORCH
from . import processes, words
from .offer import InstallOffer, busy, free_bytes, no_room
from .output import InstallerOutput
from .places import (
    SETTING_UP,
    Engine,
    is_somebody_at_work,
    new_engine,
    older_engines,
    remove_folder,
    remove_if_empty,
    size_of,
    unfinished_engines,
)
from .processes import Mark

POLL_S = 0.1
RAW_PROGRESS = (24, 1)  # the first pip that tells how far it is
# Where PyTorch's builds come from in a place without internet: its folders `cpu`, `cu130`, ...
# are indexes. Empty: from where pip looks anyway.
MIRROR = "LACUNA_PYTORCH_INDEX"
# Of a user's own settings of pip, those that would lead out of the environment.
LEADING_OUT = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV")
# How much of all is done when each step begins, in percent.
ENVIRONMENT_AT, PACKAGES_AT, UNPACKING_AT, SETUP_AT = 0.0, 4.0, 70.0, 90.0
# Editors are left alone: the plug-in is there, and another one was not asked for.
ENGINE_ALONE = ("--no-krita", "--no-gimp")
_NOT_TAKEN_OVER = re.compile(r"lacuna|pip\b|pip-|__pycache__|_virtualenv", re.IGNORECASE)


class InstallProgress(NamedTuple):
    """How far it is.

    Attributes:
        step: One of `words.STEPS`.
        percent: Of all.
        package: Which is downloaded; empty in other steps.
        done: Bytes that have been downloaded.
        total: Bytes that will be; 0 if nobody knows.
    """

    step: str
    percent: float
    package: str = ""
    done: int = 0
    total: int = 0


Report = Callable[[InstallProgress], None]
Asked = Callable[[], bool]


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
        raise _not_written(offer.folder, error) from error
    try:
        work = _Work(offer, engine, mark, report, cancelled)
        try:
            work.do()
        except OSError as error:
            raise _not_written(engine.folder, error) from error
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
    ran = _run_lacuna(engine, ["uninstall", "--yes", *ENGINE_ALONE])
    if ran.returncode:
        raise _stays(_failed_rows(ran.stdout) or f"exit code {ran.returncode}")
    mark = Mark(engine.mark)  # from here on it no longer counts
    mark.close()
    for each in (engine, *older_engines(than=engine)):
        _remove_files(each)
    remove_if_empty()
    if engine.folder.exists():
        raise _stays(str(engine.folder))


class _Work:
    """One installation."""

    def __init__(
        self, offer: InstallOffer, engine: Engine, mark: Mark, report: Report, cancelled: Asked
    ) -> None:
        self._offer, self._engine, self._mark = offer, engine, mark
        self._report, self._cancelled = report, cancelled
        self._scratch = engine.folder / "scratch"
        self._environment = self._made_environment()

    def do(self) -> None:
        self._report(InstallProgress(words.MAKING, ENVIRONMENT_AT))
        self._make_environment()
        if self._offer.before is not None:
            self._take_over(self._offer.before)
        self._install_packages()
        self._set_up()
        remove_folder(self._scratch)

    def _make_environment(self) -> None:
        offer, folder = self._offer, str(self._engine.folder)
        if offer.maker.kind == "uv":
            newest_first = [offer.maker.program, "venv", "--python", ">=3.11,<3.15", "--no-project"]
            self._run([*newest_first, folder])
        else:
            self._run([offer.maker.program, "-I", "-m", "venv", folder])
        self._scratch.mkdir()
        # pip unpacks what it downloads there: it goes with the environment.
        self._environment["TMPDIR"] = str(self._scratch)
        self._environment["TEMP"] = self._environment["TMP"] = str(self._scratch)

    def _take_over(self, before: Engine) -> None:
        """Let packages of the engine before be here, too: what is the same is not downloaded."""
        old, new = before.packages(), self._engine.packages()
        if old is None or new is None or old.parent.name != new.parent.name:
            return  # of another Python
        for path in sorted(old.iterdir()):
            self._stop_if_cancelled()
            if not _NOT_TAKEN_OVER.match(path.name) and not (new / path.name).exists():
                _link_tree(path, new / path.name)

    def _install_packages(self) -> None:
        offer = self._offer
        if offer.maker.kind == "uv":
            self._environment["UV_CACHE_DIR"] = str(self._scratch / "uv")
            command = [offer.maker.program, "pip", "install", "--python", str(self._engine.python)]
            command += ["--index-strategy", "unsafe-best-match"]
        else:
            command = [str(self._engine.python), "-I", "-m", "pip", "install", "--no-cache-dir"]
            command += ["--no-input", "--disable-pip-version-check", "--no-compile"]
            command += self._raw_progress(command)
        total, free = offer.amount.download, free_bytes(offer.folder)
        told = InstallerOutput()
        self._report(InstallProgress(words.DOWNLOADING, PACKAGES_AT, "", 0, total))

        def show() -> None:
            if told.unpacking:
                gone = max(0, free - free_bytes(offer.folder))
                share = min(1.0, gone / offer.amount.disk)
                percent = UNPACKING_AT + (SETUP_AT - UNPACKING_AT) * share
                self._report(InstallProgress(words.UNPACKING, percent))
                return
            done = max(told.done, size_of(self._scratch))
            done = min(done, total) if total else done
            share = done / total if total else 0.0
            percent = PACKAGES_AT + (UNPACKING_AT - PACKAGES_AT) * share
            self._report(InstallProgress(words.DOWNLOADING, percent, told.file, done, total))

        self._run([*command, *self._wanted()], told, show)

    def _wanted(self) -> List[str]:
        """Return the wheel, and the build of PyTorch with where it is."""
        index, base = self._offer.build.kind, os.environ.get(MIRROR, INDEX)
        if not index or not base:
            return [str(self._offer.wheel)]
        where = f"{base.rstrip('/')}/{index}"
        return [str(self._offer.wheel), f"torch=={TORCH}+{index}", "--extra-index-url", where]

    def _raw_progress(self, pip_install: Sequence[str]) -> List[str]:
        """Return the option by which pip tells how far it is; bring an old pip up to date first.

        Where there is no newer one, what has come is seen in the folder for it.
        """
        if self._pip_version() < RAW_PROGRESS:
            self._run([*pip_install, "--upgrade", "pip"])
        return ["--progress-bar", "raw" if self._pip_version() >= RAW_PROGRESS else "off"]

    def _pip_version(self) -> Tuple[int, int]:
        packages = self._engine.packages()
        names = [path.name for path in packages.glob("pip-*.dist-info")] if packages else []
        number = re.match(r"pip-(\d+)\.(\d+)", names[0]) if names else None
        return (int(number[1]), int(number[2])) if number else (0, 0)

    def _set_up(self) -> None:
        self._report(InstallProgress(words.SETTING, SETUP_AT))
        self._mark.write(SETTING_UP)
        told = InstallerOutput()
        setup = [str(self._engine.python), "-I", "-m", "lacuna", "setup", "--yes", *ENGINE_ALONE]
        self._run(setup, told)

    def _run(
        self,
        command: Sequence[str],
        told: Optional[InstallerOutput] = None,
        show: Callable[[], None] = lambda: None,
    ) -> None:
        """Run a program to its end, and read what it says meanwhile."""
        told = told or InstallerOutput()
        said: List[str] = []
        self._stop_if_cancelled()
        process = self._mark.start(command, self._environment)
        try:
            for line in _lines_of(process):
                if line is None:
                    self._stop_if_cancelled()
                    show()
                else:
                    said.append(line)
                    told.read(line)
        finally:
            processes.end(process)
        self._stop_if_cancelled()
        if process.returncode:
            raise self._why_failed(told, said, process.returncode)

    def _why_failed(self, told: InstallerOutput, said: List[str], code: int) -> LacunaError:
        why, detail = told.failure()
        if why == "no_room":
            return no_room(self._offer.folder)
        if why == "no_network":
            values = {"tried": detail} if detail else {}
            return LacunaError(
                f"What Lacuna's engine needs could not be downloaded: {detail or 'nobody'} does "
                "not answer. Connect this computer to the internet, then try again. Nothing was "
                "left behind.",
                code="install_no_network",
                values=values,
            )
        reason = _failed_rows("\n".join(said)) or detail or f"exit code {code}"
        return LacunaError(
            f"Lacuna's engine could not be installed: {reason}. Nothing was left behind.",
            code="install_failed",
            values={"reason": reason},
        )

    def _stop_if_cancelled(self) -> None:
        if self._cancelled():
            raise JobCancelled(
                "The installation was cancelled. Nothing was left behind.", code="install_cancelled"
            )

    def _made_environment(self) -> Dict[str, str]:
        """Return the variables of the user, without the editor's own and what leads elsewhere."""
        variables = environment_of_others()
        for name in LEADING_OUT:
            variables.pop(name, None)
        variables["PYTHONUTF8"] = "1"
        variables["PYTHONUNBUFFERED"] = "1"
        variables["UV_PYTHON_INSTALL_DIR"] = str(self._engine.folder / "python")
        variables["UV_NO_PROGRESS"] = "0"
        return variables


def _lines_of(process: "subprocess.Popen[bytes]") -> Iterator[Optional[str]]:
    """Yield the lines that a program prints, and None ten times a second until it ends."""
    lines: "queue.Queue[Optional[bytes]]" = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for raw in process.stdout:
            lines.put(raw)
        lines.put(None)

    threading.Thread(target=read, name="lacuna-install-output", daemon=True).start()
    look = 0.0
    while True:
        if time.monotonic() >= look:
            yield None
            look = time.monotonic() + POLL_S
        try:
            raw = lines.get(timeout=POLL_S)
        except queue.Empty:
            continue
        if raw is None:
            process.wait()
            return
        for part in raw.decode("utf-8", "replace").replace("\r", "\n").split("\n"):
            if part.strip():
                yield part


def _undo(engine: Engine, mark: Mark, before: Optional[Engine]) -> None:
    """Leave all as it was: without an engine, or with the one before."""
    word = _word_of(mark.path)
    mark.close()
    _take_back(engine, word)
    if before is not None and word == SETTING_UP:
        _run_lacuna(before, ["setup", "--yes", *ENGINE_ALONE])
    _remove_files(engine)
    remove_if_empty()


def _take_back(engine: Engine, word: str) -> None:
    """Remove what setup has left outside of an environment, if it had begun."""
    if word == SETTING_UP and engine.python.exists():
        _run_lacuna(engine, ["uninstall", "--yes", *ENGINE_ALONE])


def _remove_files(engine: Engine) -> None:
    """Remove an environment; what cannot be removed is left to the next sweep, by its mark."""
    try:
        engine.mark.touch()
        remove_folder(engine.folder)
        engine.mark.unlink()
    except OSError:
        pass


def _run_lacuna(engine: Engine, arguments: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    command = [str(engine.python), "-I", "-m", "lacuna", *arguments]
    # The name is there on Windows only: no console window of its own.
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**environment_of_others(), "PYTHONUTF8": "1"},
            check=False,
            encoding="utf-8",
            errors="replace",
            creationflags=flags,
        )
    except OSError as error:
        return subprocess.CompletedProcess(command, 1, str(error.strerror))


def _failed_rows(said: str) -> str:
    """Return what `lacuna setup` or `uninstall` says of what failed."""
    rows = [line.split("\t") for line in said.splitlines()]
    return " ".join(row[2] for row in rows if len(row) == 3 and row[1] == "failed").rstrip(".")


def _word_of(mark: Path) -> str:
    try:
        return mark.read_text("utf-8").strip()
    except (OSError, ValueError):
        return ""


def _link_tree(source: Path, target: Path) -> None:
    """Make files have a second name, or a copy where the disk cannot do that."""

    def link(one: str, other: str) -> Any:
        try:
            os.link(one, other)
        except OSError:
            shutil.copy2(one, other)
        return other

    if source.is_dir():
        shutil.copytree(
            str(source),
            str(target),
            copy_function=link,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    else:
        link(str(source), str(target))


def _not_written(folder: Path, error: OSError) -> LacunaError:
    if error.errno == 28 or getattr(error, "winerror", None) == 112:
        return no_room(folder)
    path = str(error.filename or folder)
    return LacunaError(
        f"{path} cannot be written: {error.strerror}.",
        code="not_writable",
        values={"path": path, "reason": str(error.strerror)},
    )


def _stays(reason: str) -> LacunaError:
    return LacunaError(
        f"Lacuna's engine could not be removed: {reason}.",
        code="engine_stays",
        values={"reason": reason},
    )
