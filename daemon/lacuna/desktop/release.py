"""Make everything that a release hands out: wheel, sdist, both plug-ins' zips, and checksums.

`python -m lacuna.desktop.release CHECKOUT FOLDER`; it needs hatchling, which `.[dev]` brings.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

from lacuna_wire import LacunaError

from .plugins import plugin_sources, zip_gimp_plugin, zip_krita_plugin

CHECKSUMS = "SHA256SUMS"


def make_release(checkout: Path, folder: Path) -> list[Path]:
    """Fill an empty folder with all files of a release.

    Raises:
        LacunaError: If something is in the folder already, or the build fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise LacunaError(f"{folder} is not empty. Name a new folder for the release.")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-t", "wheel"]
    ran = subprocess.run(
        [*build, "-d", str(folder.resolve())],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise LacunaError(f"The build ended with code {ran.returncode}: {ran.stderr.strip()}.")
    krita, gimp = plugin_sources()
    (wheel,) = folder.glob("*.whl")
    zip_krita_plugin(krita, folder / "lacuna-krita.zip", wheel)
    zip_gimp_plugin(gimp, folder / "lacuna-gimp.zip", wheel)
    files = sorted(folder.iterdir())
    # The form that `sha256sum --check` reads.
    sums = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    (folder / CHECKSUMS).write_text("".join(sums), "utf-8")
    return [*files, folder / CHECKSUMS]


if __name__ == "__main__":
    for made in make_release(Path(sys.argv[1]), Path(sys.argv[2])):
        print(made)
