"""Make plug-ins ready to be installed: their own files, and a copy of `lacuna_wire` among them.

git holds one copy of `lacuna_wire`; inside an editor it has to lie in the plug-in's own folder.
"""

import shutil
import sys
import tempfile
from pathlib import Path

import lacuna_wire
from lacuna_wire import LacunaError

_LEFT_OUT = shutil.ignore_patterns("__pycache__", "_vendor")


def copy_plugin(source: Path, target: Path) -> None:
    """Put a plug-in that runs into `target`, which is replaced: with `_vendor/lacuna_wire` in it.

    Args:
        source: Folder of the plug-in in a checkout, like `gimp_plugin/lacuna-gimp`.
        target: Where it goes, like `~/.config/GIMP/3.0/plug-ins/lacuna-gimp`.

    Raises:
        LacunaError: If `source` is no GIMP plug-in, or `target` is called something else.
    """
    script = f"{source.name}.py"
    if not (source / script).is_file():
        raise LacunaError(f"{source} is no plug-in for GIMP: it has no {script}")
    if target.name != source.name:
        raise LacunaError(f"GIMP finds {script} only in a folder {source.name}, not {target.name}")
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(source, target, ignore=_LEFT_OUT)
    wire = Path(lacuna_wire.__file__).parent
    shutil.copytree(wire, target / "_vendor" / wire.name, ignore=_LEFT_OUT)
    (target / script).chmod(0o755)  # without it GIMP passes over the script in silence


def zip_plugin(source: Path, archive: Path) -> None:
    """Write a zip with the plug-in's folder in it, to be unpacked into GIMP's `plug-ins`."""
    with tempfile.TemporaryDirectory() as place:
        copy_plugin(source, Path(place) / source.name)
        # It keeps the executable bit and writes entries for folders, unlike a plain ZipFile.
        made = shutil.make_archive(str(archive.with_suffix("")), "zip", place, source.name)
        Path(made).replace(archive)


if __name__ == "__main__":
    zip_plugin(Path(sys.argv[1]), Path(sys.argv[2]))
