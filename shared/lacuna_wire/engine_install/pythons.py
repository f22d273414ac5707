"""Find what makes an environment: a Python of this computer that will do, or uv, which brings one.

The Python inside an editor is no choice: it has no pip, and goes away with the editor.
"""

import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from ..errors import LacunaError
from ..outside import environment_of_others, output_of

LEAST, MOST = (3, 11), (3, 14)  # that Lacuna and the libraries that it needs are made for
ASK_S = 15.0
# It says what is to be known of itself. `ensurepip` is what Debian leaves out of its Python.
QUESTION = """
import importlib.util, json, struct, sys, sysconfig
print(json.dumps({
    "version": list(sys.version_info[:3]), "bits": 8 * struct.calcsize("P"),
    "base": sys.base_prefix, "platform": sysconfig.get_platform(),
    "venv": all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")),
}))
"""


class Maker(NamedTuple):
    """What makes the environment.

    Attributes:
        kind: `python` or `uv`.
        program: Its path.
        version: Of the program, for people.
    """

    kind: str
    program: str
    version: str

    @property
    def name(self) -> str:
        return f"{'uv' if self.kind == 'uv' else 'Python'} {self.version}"


class _Answer(NamedTuple):
    program: str
    version: Tuple[int, ...]
    bits: int
    base: str
    platform: str
    venv: bool

    @property
    def number(self) -> str:
        return _text(self.version)


def find_maker() -> Maker:
    """Return the newest Python that will do, else uv.

    Raises:
        LacunaError: `no_python`, with what helps.
    """
    answers = [answer for answer in map(_ask, candidates()) if answer and not _is_bundled(answer)]
    fit = [each for each in answers if LEAST <= each.version[:2] <= MOST and _suits(each)]
    for answer in sorted(fit, key=lambda each: each.version, reverse=True):
        if answer.venv:
            return Maker("python", answer.program, answer.number)
    uv = _find_uv()
    if uv is not None:
        return uv
    raise _no_python(fit, answers)


def candidates() -> Iterator[str]:
    """Yield programs that may be a Python, each once, those on PATH first."""
    seen = set()
    for path in _places():
        real = os.path.realpath(path)
        # A file without content there opens a shop.
        if real not in seen and os.access(path, os.X_OK) and "WindowsApps" not in Path(path).parts:
            seen.add(real)
            yield path


def _places() -> Iterator[str]:
    numbers = range(MOST[1], LEAST[1] - 1, -1)
    names = [*(f"python3.{number}" for number in numbers), "python3", "python"]
    folders = [Path(each) for each in os.environ.get("PATH", "").split(os.pathsep) if each]
    home = Path.home()
    if sys.platform == "win32":
        for variable in ("LOCALAPPDATA", "PROGRAMFILES"):
            if os.environ.get(variable):
                base = Path(os.environ[variable])
                folders += [*base.glob("Programs/Python/Python3*"), *base.glob("Python3*")]
    else:
        folders += map(Path, ("/usr/local/bin", "/usr/bin", "/opt/homebrew/bin"))
        folders += sorted(Path("/Library/Frameworks/Python.framework/Versions").glob("3.*/bin"))
        folders += [home / ".local/bin", *sorted(home.glob(".pyenv/versions/*/bin"))]
    for folder in folders:
        for name in names:
            path = folder / (f"{name}.exe" if sys.platform == "win32" else name)
            if path.is_file():
                yield str(path)


def _ask(program: str) -> Optional[_Answer]:
    said = _output([program, "-I", "-c", QUESTION])
    try:
        facts: Dict[str, object] = json.loads(said)
        version = tuple(int(part) for part in list(facts["version"]))  # type: ignore[call-overload]
        return _Answer(
            program,
            version,
            int(str(facts["bits"])),
            str(facts["base"]),
            str(facts["platform"]),
            facts["venv"] is True,
        )
    except (KeyError, TypeError, ValueError):
        return None


def _suits(answer: _Answer) -> bool:
    """Tell whether PyTorch has builds for the kind of computer that a Python is made for."""
    intel_mac = answer.platform.startswith("macosx") and answer.platform.endswith("x86_64")
    return answer.bits == 64 and not intel_mac


def _is_bundled(answer: _Answer) -> bool:
    base = Path(answer.base)
    image = os.environ.get("APPDIR")  # of an AppImage
    if image and Path(image) in (base, *base.parents):
        return True
    if any(part.endswith(".app") for part in base.parts):
        return True
    return sys.platform == "win32" and base == Path(sys.base_prefix)


def _find_uv() -> Optional[Maker]:
    home = Path.home()
    extra = [str(home / ".local" / "bin"), str(home / ".cargo" / "bin"), "/opt/homebrew/bin"]
    program = shutil.which("uv", path=os.pathsep.join([os.environ.get("PATH", ""), *extra]))
    found = re.match(r"uv ([0-9.]+)", _output([program, "--version"])) if program else None
    return Maker("uv", str(program), found[1]) if found else None


def _output(words: List[str]) -> str:
    return output_of(words, ASK_S, environment_of_others())


def _no_python(fit: List[_Answer], answers: List[_Answer]) -> LacunaError:
    if fit:
        best = max(fit, key=lambda each: each.version)
        command = install_command(best.version)
        if command:
            return LacunaError(
                f"Python {best.number} is here ({best.program}), but not the part of it that makes "
                f"environments. Run `{command}` in a terminal, then try again.",
                code="no_python",
                values={"version": best.number, "program": best.program, "command": command},
            )
    older = max((each.version for each in answers), default=())
    # What systems offer by themselves is as old as they are.
    command = "" if older and sys.platform not in ("win32", "darwin") else install_command(MOST)
    how = f"`{command}`" if command else "python.org"
    wanted = f"The Lacuna engine needs Python {_text(LEAST)} to {_text(MOST)}, of 64 bits"
    if older:
        return LacunaError(
            f"{wanted}, and this computer has {_text(older)}. Install a newer one ({how}), then "
            "try again.",
            code="no_python",
            values={"older": _text(older), "how": how},
        )
    return LacunaError(
        f"{wanted}, and this computer has none. Install one ({how}), then try again.",
        code="no_python",
        values={"how": how},
    )


def _text(version: Tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def install_command(version: Tuple[int, ...]) -> str:
    """Return the command that installs Python, or what is missing of it; empty if nobody knows."""
    if sys.platform == "win32":
        package = ".".join(("Python", "Python", str(version[0]), str(version[1] - 1)))
        return f"winget install {package}"
    if sys.platform == "darwin":
        return ""
    system = _release_of_system()
    kinds = {system.get("ID", ""), *system.get("ID_LIKE", "").split()}
    if kinds & {"debian", "ubuntu"}:
        own = f"python{version[0]}.{version[1]}-venv" if version != MOST else "python3-venv"
        return f"sudo apt install {own}"
    if kinds & {"fedora", "rhel"}:
        return "sudo dnf install python3"
    if "arch" in kinds:
        return "sudo pacman -S python"
    return ""


def _release_of_system() -> Mapping[str, str]:
    try:
        text = Path("/etc/os-release").read_text("utf-8")
    except OSError:
        return {}
    return dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', text, re.MULTILINE))
