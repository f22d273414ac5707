"""Small wheels: one that stands for Lacuna and notes what it was asked for, and others."""

import zipfile
from pathlib import Path

# What `python -m lacuna` does in it. It has a start at login in the home, as the real one has.
ENGINE = """
import json, os, pathlib, sys, time

home = pathlib.Path.home()
login = home / ".config" / "autostart" / "lacuna.desktop"
state = pathlib.Path(os.environ.get("LACUNA_STATE_DIR") or home / ".local" / "state" / "lacuna")
note = os.environ.get("LACUNA_TEST_NOTE")
if note:
    with open(note, "a") as file:
        file.write(" ".join([VERSION, *sys.argv[1:]]) + "\\n")
if sys.argv[1] == "setup":
    login.parent.mkdir(parents=True, exist_ok=True)
    login.write_text(VERSION)
    launch = os.environ.get("LACUNA_TEST_LAUNCH")
    if launch:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(str(state / "launch.json"), os.O_CREAT | os.O_WRONLY, 0o600)
        os.write(descriptor, launch.encode())
    how = os.environ.get("LACUNA_TEST_SETUP", "")
    if how == "hangs":
        time.sleep(600)
    if how == "fails" or how == "fails " + VERSION:
        print("daemon\\tfailed\\tIt does not answer.")
        sys.exit(1)
else:
    if os.environ.get("LACUNA_TEST_UNINSTALL") == "fails":
        print("daemon\\tfailed\\tIt does not end.")
        sys.exit(1)
    for path in (login, state / "launch.json"):
        if path.exists():
            path.unlink()
    for folder in (login.parent, login.parent.parent, state, state.parent, state.parent.parent):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
"""


def make_wheel(
    folder: Path, name: str, version: str, files: dict[str, str], needs: tuple[str, ...] = ()
) -> Path:
    """Write a wheel of pure Python that pip takes."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name.replace('_', '-')}", f"Version: {version}"]
    lines += [f"Requires-Dist: {each}" for each in needs]
    with zipfile.ZipFile(path, "w") as wheel:
        for place, text in files.items():
            wheel.writestr(place, text)
        wheel.writestr(f"{info}/METADATA", "\n".join(lines) + "\n")
        wheel.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        names = [*files, f"{info}/METADATA", f"{info}/WHEEL", f"{info}/RECORD"]
        wheel.writestr(f"{info}/RECORD", "".join(f"{each},,\n" for each in names))
    return path


def make_engine_wheel(folder: Path, version: str = "0.1.0", needs: tuple[str, ...] = ()) -> Path:
    """Write the wheel that stands for Lacuna."""
    files = {
        "lacuna/__init__.py": "",
        "lacuna/__main__.py": f"VERSION = {version!r}\n{ENGINE}",
    }
    return make_wheel(folder, "lacuna_inpaint", version, files, needs)
