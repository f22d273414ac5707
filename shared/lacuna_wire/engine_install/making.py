"""Make an engine, step by step, under a mark that is held."""

import os
import queue
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..errors import JobCancelled, LacunaError
from ..outside import environment_of_others
from ..torch_builds import INDEX, TORCH
from . import processes
from .offer import InstallOffer, free_bytes, no_room
from .output import InstallerOutput
from .own_command import failed_rows, setup_command
from .places import SETTING_UP, Engine, remove_folder, size_of
from .processes import Mark

POLL_S = 0.1
LEAST_BYTES = 4_000_000  # with less on the disk, that is why it failed
STEPS = MAKING, DOWNLOADING, UNPACKING, SETTING = "making", "downloading", "unpacking", "setting up"
RAW_PROGRESS = (24, 1)  # the first pip that tells how far it is
# Where PyTorch's builds come from in a place without internet: its folders `cpu`, `cu130`, ...
# are indexes. Empty: from where pip looks anyway.
MIRROR = "LACUNA_PYTORCH_INDEX"
# Of a user's own settings of pip, those that would lead out of the environment.
LEADING_OUT = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV")
# How much of all is done when each step begins, in percent.
ENVIRONMENT_AT, PACKAGES_AT, UNPACKING_AT, SETUP_AT = 0.0, 4.0, 70.0, 90.0
_NOT_TAKEN_OVER = re.compile(r"lacuna|pip\b|pip-|__pycache__|_virtualenv", re.IGNORECASE)


class InstallProgress(NamedTuple):
    """How far it is.

    Attributes:
        step: One of `STEPS`.
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


class Making:
    """One engine, from nothing to one that runs."""

    def __init__(
        self, offer: InstallOffer, engine: Engine, mark: Mark, report: Report, cancelled: Asked
    ) -> None:
        self._offer, self._engine, self._mark = offer, engine, mark
        self._told, self._cancelled = report, cancelled
        self._percent = 0.0
        self._scratch = engine.folder / "scratch"
        self._environment = self._made_environment()

    def do(self) -> None:
        self._report(InstallProgress(MAKING, ENVIRONMENT_AT))
        self._make_environment()
        if self._offer.before is not None:
            self._take_over(self._offer.before)
        self._install_packages()
        self._set_up()
        remove_folder(self._scratch)

    def _report(self, progress: InstallProgress) -> None:
        """Tell how far it is; never less than before, whatever else happens on the disk."""
        self._percent = max(self._percent, progress.percent)
        self._told(progress._replace(percent=self._percent))

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
        self._report(InstallProgress(DOWNLOADING, PACKAGES_AT, "", 0, total))

        def show() -> None:
            if told.unpacking:
                gone = max(0, free - free_bytes(offer.folder))
                share = min(1.0, gone / offer.amount.disk)
                percent = UNPACKING_AT + (SETUP_AT - UNPACKING_AT) * share
                self._report(InstallProgress(UNPACKING, percent))
                return
            done = max(told.done, size_of(self._scratch))
            done = min(done, total) if total else done
            share = done / total if total else 0.0
            percent = PACKAGES_AT + (UNPACKING_AT - PACKAGES_AT) * share
            self._report(InstallProgress(DOWNLOADING, percent, told.file, done, total))

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
        self._report(InstallProgress(SETTING, SETUP_AT))
        self._mark.write(SETTING_UP)
        told = InstallerOutput()
        self._run(setup_command(self._engine), told)

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
        lines: "queue.Queue[Optional[bytes]]" = queue.Queue()
        reader = threading.Thread(
            target=_read, args=(process, lines), name="lacuna-install-output", daemon=True
        )
        reader.start()
        try:
            for line in _lines_of(lines):
                if line is None:
                    self._stop_if_cancelled()
                    show()
                else:
                    said.append(line)
                    told.read(line)
        finally:
            processes.end(process)
            reader.join()
            assert process.stdout is not None
            process.stdout.close()
        self._stop_if_cancelled()
        if process.returncode:
            raise self._why_failed(told, said, process.returncode)

    def _why_failed(self, told: InstallerOutput, said: List[str], code: int) -> LacunaError:
        why, detail = told.failure()
        # Not everything that fails on a full disk says so.
        if why == "no_room" or free_bytes(self._offer.folder) < LEAST_BYTES:
            return no_room(self._offer.folder)
        if why == "no_network":
            return LacunaError(
                f"What the Lacuna engine needs could not be downloaded: {detail or 'PyPI'} "
                "does not answer. Connect this computer to the internet, then try again. Nothing "
                "was left behind.",
                code="install_no_network",
                values={"tried": detail or "PyPI"},
            )
        reason = failed_rows("\n".join(said)) or detail or f"exit code {code}"
        return LacunaError(
            f"The Lacuna engine could not be installed: {reason}. Nothing was left behind.",
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


def _read(process: "subprocess.Popen[bytes]", lines: "queue.Queue[Optional[bytes]]") -> None:
    """Hand on what a program prints, line by line, and None at its end."""
    assert process.stdout is not None
    for raw in process.stdout:
        lines.put(raw)
    process.wait()
    lines.put(None)


def _lines_of(lines: "queue.Queue[Optional[bytes]]") -> Iterator[Optional[str]]:
    """Yield the lines that a program prints, and None ten times a second until it ends."""
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
            return
        for part in raw.decode("utf-8", "replace").replace("\r", "\n").split("\n"):
            if part.strip():
                yield part


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
