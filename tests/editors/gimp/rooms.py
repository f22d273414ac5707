"""Where the real GIMP lives: a Debian root, and a folder that it shares with the tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from lacuna.desktop.plugins import copy_plugin

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[2]
PLUGIN = CHECKOUT / "gimp_plugin" / "lacuna-gimp"
SAFETY_S = 100.0
# What .ci/gimp-root makes. It is read now, before the tests take a home of their own.
ROOT = Path(
    os.environ.get("LACUNA_GIMP_ROOT")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lacuna-ci" / "debian13"
)


def reason_to_skip() -> str:
    if sys.platform != "linux" or os.geteuid() != 0:
        return "GIMP 3 is tested in a Debian root, which only root on Linux can enter"
    if not (ROOT / ".lacuna-root").is_file():
        return f"there is no GIMP 3: make its root with .ci/gimp-root ({ROOT})"
    return ""


class Room(NamedTuple):
    """A GIMP with the plug-in, its configuration, and the state folder of a daemon."""

    folder: Path

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.folder / "home"),
            "GIMP3_DIRECTORY": str(self.folder / "config"),
            "LACUNA_STATE_DIR": str(self.state),
            "LC_ALL": "C.UTF-8",
            "NO_AT_BRIDGE": "1",
        }

    def command(self, *words) -> list[str]:
        """Words that run `words` in the root."""
        return [str(HERE / "enter"), str(ROOT), str(self.folder), *map(str, words)]

    def run(self, *words, **more) -> subprocess.CompletedProcess:
        environment = {**self.environment, **more}
        return subprocess.run(
            self.command(*words),
            env=environment,
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
                self.command(*words),
                env={**self.environment, **more},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def gimp(self, script: str, **more) -> str:
        """Run a script inside a GIMP without a window, and return what it said.

        `script` is the name of a file beside this one, unless the room has a file of that name.
        """
        if not (self.folder / script).exists():
            shutil.copyfile(HERE / script, self.folder / script)
        shutil.copyfile(HERE / "inside.py", self.folder / "inside.py")
        code = (
            f"import sys; sys.path.insert(0, {str(self.folder)!r}); "
            f"exec(compile(open({str(self.folder / script)!r}).read(), {script!r}, 'exec'))"
        )
        ran = self.run(
            "gimp-console", "--batch-interpreter", "python-fu-eval", "-b", code, "--quit",
            LACUNA_TEST_FOLDER=str(self.folder), **more,
        )  # fmt: skip
        said = ran.stdout + ran.stderr
        assert ran.returncode == 0, said[-4000:]
        return said


def new_room(folder: Path) -> Room:
    """Furnish a folder: the plug-in installed as docs/gimp.md says, no questions at the start."""
    room = Room(folder)
    (folder / "home").mkdir()
    (folder / "config").mkdir()
    copy_plugin(PLUGIN, folder / "config" / "plug-ins" / PLUGIN.name)
    for name in ("gimprc", "shortcutsrc"):
        shutil.copyfile(HERE / name, folder / "config" / name)
    return room


def start_daemon(room: Room, state: Path | None = None) -> subprocess.Popen:
    """Start the daemon of this checkout with the weights that come with it, and wait for it."""
    state = state or room.state
    from tests.service.conftest import eventually

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
    eventually(lambda: (state / "endpoint.json").exists())
    return process
