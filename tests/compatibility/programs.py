"""Lacuna 0.1.0 as it was, from its commit, to be run beside the present one."""

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import NamedTuple

from tests.service.conftest import SAFETY_S, eventually

CHECKOUT = Path(__file__).parents[2]
COMMIT = "76251e852228b0f5fe7875ab7514d265654e5d7d"
PARTS = ("shared", "daemon", "gimp_plugin", "krita_plugin")


class Program(NamedTuple):
    """The code of one version.

    Attributes:
        name: For people.
        folder: A checkout, or as much of one as runs.
    """

    name: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """Variables with which Python takes `lacuna` and `lacuna_wire` from this version."""
        paths = os.pathsep.join(str(self.folder / part) for part in ("daemon", "shared"))
        return {**os.environ, "PYTHONPATH": paths}

    def serve(self, state: Path) -> subprocess.Popen:
        """Start the daemon, real network and all, and wait until it listens."""
        process = subprocess.Popen(
            [sys.executable, "-m", "lacuna", "serve", "--device", "cpu"],
            env={**self.environment, "LACUNA_STATE_DIR": str(state)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        eventually((state / "endpoint.json").exists)
        return process

    def run(self, script: Path, state: Path, *arguments: str) -> str:
        """Run a script with the client of this version, and return what it printed."""
        done = subprocess.run(
            [sys.executable, str(script), *arguments],
            env={**self.environment, "LACUNA_STATE_DIR": str(state)},
            cwd=state,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def says(self, question: str) -> object:
        """Evaluate an expression in a Python that has this version."""
        code = f"import json, lacuna, lacuna_wire; print(json.dumps({question}))"
        done = subprocess.run(
            [sys.executable, "-c", code], env=self.environment, capture_output=True, check=True
        )
        return json.loads(done.stdout)


PRESENT = Program("present", CHECKOUT)


def why_no_first() -> str:
    """Why there is no 0.1.0 to take from this checkout, or nothing."""
    try:
        found = subprocess.run(
            ["git", "cat-file", "-e", f"{COMMIT}^{{commit}}"], cwd=CHECKOUT, capture_output=True
        )
    except OSError:
        return "there is no git here, so no 0.1.0"
    return "this checkout has no commit of 0.1.0" if found.returncode else ""


def first(folder: Path) -> Program:
    """Take 0.1.0 out of the history of this checkout, into a new folder."""
    packed = subprocess.run(
        ["git", "archive", COMMIT, *PARTS], cwd=CHECKOUT, capture_output=True, check=True
    )
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return Program("0.1.0", folder)


def end(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(SAFETY_S)


def install_plugin(program: Program, editor: str, source: str, target: Path) -> None:
    """Put the plug-in of a version where its editor finds it, as that version does it.

    Args:
        program: The version.
        editor: `gimp` or `krita`.
        source: Folder of the plug-in in a checkout.
        target: What that version's `copy_..._plugin` takes.
    """
    code = (
        "import sys; from pathlib import Path; from lacuna.desktop import plugins;"
        f"plugins.copy_{editor}_plugin(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    words = [sys.executable, "-c", code, str(program.folder / source), str(target)]
    subprocess.run(words, env=program.environment, check=True)


def check_vendored(program: Program, plugin: Path) -> None:
    """Make sure that an installed plug-in talks with the wire of this version."""
    for original in (program.folder / "shared" / "lacuna_wire").glob("*.py"):
        installed = plugin / "_vendor" / "lacuna_wire" / original.name
        assert installed.read_bytes() == original.read_bytes(), installed


def introduce(daemon_state: Path, state: Path) -> None:
    """Let clients that look into `state` find the daemon of another state folder."""
    state.mkdir(mode=0o700, exist_ok=True)
    copy = state / "endpoint.json"
    copy.touch(mode=0o600)
    copy.write_bytes((daemon_state / "endpoint.json").read_bytes())
