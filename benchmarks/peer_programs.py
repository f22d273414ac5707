"""Programs in environments of their own, each in a process that fills whatever it is given."""

import json
import os
import subprocess
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from .cases import Mask, Picture
from .record import ROOT

PATCH_PROGRAMS = {"pypatchmatch": "patchmatch", "resynthesizer": "resynthesizer"}  # what to import
PYTHON_VARIABLE = "LACUNA_PEERS_PYTHON"
HOW_TO_NAME_ONE = (
    f"name the interpreter of an environment with it by --peers or in {PYTHON_VARIABLE}"
)


class PeerProgram:
    """A program of `peer_process.py`, running until it is closed or forgotten.

    It has warmed up when this returns.

    Args:
        program: Its name.
        python: The interpreter that has it.
        weights: For those that need some.
        environment: Variables of the process; ours if there are none.

    Raises:
        OSError: If it ends before it can fill.
    """

    def __init__(
        self,
        program: str,
        python: str | Path,
        weights: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = program
        self._process = subprocess.Popen(
            [str(python), str(ROOT / "benchmarks" / "peer_process.py"), program, weights],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.close = weakref.finalize(self, end, self._process)
        self._read()

    def __call__(self, picture: Picture, mask: Mask) -> Picture:
        """Fill a picture, known pixels put back."""
        with tempfile.TemporaryDirectory() as folder:
            paths = [str(Path(folder) / f"{name}.npy") for name in ("picture", "mask", "filled")]
            np.save(paths[0], picture)
            np.save(paths[1], mask)
            self.ask(*paths)
            filled = np.load(paths[2])
        return np.where(mask[..., None] > 0, filled, picture).astype(np.uint8)

    def ask(self, picture: str, mask: str, filled: str = "") -> dict[str, float]:
        """Have files filled: seconds, processor seconds and peak of memory in MiB."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([picture, mask, filled]) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, float]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise OSError(f"{self.name} ended with {self._process.wait()}")
        return dict(json.loads(line))


def end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def why_missing(program: str, python: str | Path) -> str:
    """Say why a patch-based program cannot be run; nothing if it can.

    Args:
        program: One of PATCH_PROGRAMS.
        python: The interpreter of an environment with it; empty if none was named.
    """
    if not str(python):
        return f"{program} is left out: {HOW_TO_NAME_ONE}"
    try:
        command = [str(python), "-c", f"import {PATCH_PROGRAMS[program]}"]
        found = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError as error:
        return f"{program} is left out: {python} cannot be started ({error.strerror})"
    return "" if found else f"{program} is left out: {python} cannot import it"


def peers_python(named: Path | None) -> str:
    """Find the interpreter of the peers: as an argument names it, else the environment; or none."""
    return str(named or os.environ.get(PYTHON_VARIABLE, ""))
