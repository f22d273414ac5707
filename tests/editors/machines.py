"""Where a real editor lives: a room that it shares with a test, here or in a Debian root."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.service.conftest import eventually

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
EVALUATION = HERE / "evaluation.py"  # which every driver has beside it
# A busy machine may be slow: where the first start takes 6 s, another once took over 100.
SAFETY_S = 250.0
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


class Machine(NamedTuple):
    """Where programs are: under `root`, or here if there is none."""

    name: str
    root: Path | None = None

    def command(self, folder: Path, words: tuple) -> list[str]:
        """Words that run `words` there, with `folder` at the same place."""
        into = [HERE / "enter", self.root, folder] if self.root else []
        return [str(word) for word in (*into, *words)]

    def reason_to_skip(self, *programs: str) -> str:
        """Why nothing can be tested there with these programs, or nothing."""
        if sys.platform != "linux":
            return "real editors are tested on Linux"
        if self.root and os.geteuid() != 0:
            return f"only root can enter {self.root}"
        folders = [f"{self.root or ''}{folder}" for folder in PATH.split(":")]
        for program in programs:
            # A link in a root may point to what is only there when the root is entered.
            if not any(os.path.lexists(f"{folder}/{program}") for folder in folders):
                how = ".ci/debian13" if self.root else ".ci/host-krita"
                return f"there is no {program} on {self.name} ({self.root or '/'}): run {how}"
        return ""


HOST = Machine("host")
# What .ci/debian13 makes. It is read now, before the tests take a home of their own.
DEBIAN13 = Machine(
    "debian13",
    Path(
        os.environ.get("LACUNA_DEBIAN13")
        or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        / "lacuna-ci"
        / "debian13"
    ),
)


class Room(NamedTuple):
    """An editor's home on a machine, and the state folder of the daemon that it meets."""

    machine: Machine
    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def environment(self) -> dict[str, str]:
        """All that programs in the room know of the world."""
        return {
            "PATH": PATH,
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(self.folder / "run"),
            "LACUNA_STATE_DIR": str(self.state),
            "LACUNA_TEST_FOLDER": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "NO_AT_BRIDGE": "1",
        }

    @property
    def calls(self) -> Path:
        """Where a test and the driver of an editor meet."""
        return self.folder / "calls"

    def forget_calls(self) -> None:
        """Make room for those of the next editor, which counts from 0 again."""
        for left_over in self.calls.iterdir():
            left_over.unlink()

    def furnish(self) -> None:
        """Make the folders that every program expects."""
        self.home.mkdir(exist_ok=True)
        self.calls.mkdir(exist_ok=True)
        (self.folder / "run").mkdir(mode=0o700, exist_ok=True)

    def run(self, *words, **more) -> subprocess.CompletedProcess:
        return subprocess.run(
            self.machine.command(self.folder, words),
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SAFETY_S,
            check=False,
        )

    def start(self, *words, **more) -> subprocess.Popen:
        """Like `run`, but go on; what it says goes to a file named after it."""
        with (self.folder / f"{Path(words[0]).name}.log").open("ab") as log:
            return subprocess.Popen(
                self.machine.command(self.folder, words),
                env={**self.environment, **more},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def last_words(self, program: str) -> str:
        """The end of what a program said that was started."""
        return (self.folder / f"{program}.log").read_text("utf-8", "replace")[-4000:]


def start_daemon(state: Path) -> subprocess.Popen:
    """Start the daemon of this checkout with the weights that come with it, and wait for it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "lacuna", "serve", "--device", "cpu"],
        env={
            **os.environ,
            "LACUNA_STATE_DIR": str(state),
            "PYTHONPATH": os.pathsep.join(map(str, (CHECKOUT / "daemon", CHECKOUT / "shared"))),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    eventually((state / "endpoint.json").exists)
    return process
