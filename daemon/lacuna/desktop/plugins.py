"""Make plug-ins ready to be installed: their own files, and a copy of `lacuna_wire` among them.

git holds one copy of `lacuna_wire`; inside an editor it has to lie in the plug-in's own folder.
"""

import shutil
import tempfile
from pathlib import Path

import lacuna_wire
from lacuna import __version__
from lacuna_wire import LacunaError

from .replacing import swap_in

VERSION_FILE = Path("_vendor") / "lacuna-version"
# In the zips of a release: `lacuna_wire.engine_install` finds the wheel of this version there.
WHEEL_FOLDER = Path("_vendor") / "wheel"
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "_vendor")


def plugin_sources() -> tuple[Path, Path]:
    """Return the folders of both plug-ins' own files, Krita's and GIMP's.

    A wheel has them beside this file; in a checkout they lie at its top.

    Raises:
        LacunaError: If this is neither.
    """
    packaged = Path(__file__).parent / "plugin_files"
    checkout = Path(__file__).parents[3]
    for krita, gimp in (
        (packaged / "krita", packaged / "gimp" / "lacuna-gimp"),
        (checkout / "krita_plugin", checkout / "gimp_plugin" / "lacuna-gimp"),
    ):
        if krita.is_dir() and gimp.is_dir():
            return krita, gimp
    raise LacunaError(
        f"The files of the plug-ins are missing from {packaged}. Install lacuna-inpaint again.",
        code="no_plugins",
    )


def copy_gimp_plugin(source: Path, target: Path) -> None:
    """Put the plug-in that runs into `target`, which is replaced: with `_vendor/lacuna_wire` in it.

    Args:
        source: Folder of the plug-in in a checkout, `gimp_plugin/lacuna-gimp`.
        target: Where it goes, like `~/.config/GIMP/3.0/plug-ins/lacuna-gimp`.

    Raises:
        LacunaError: If `source` is not a GIMP plug-in, or `target` is called something else.
    """
    script = f"{source.name}.py"
    if not (source / script).is_file():
        raise LacunaError(f"{source} is not a plug-in for GIMP: it has no {script}.")
    if target.name != source.name:
        raise LacunaError(
            f"GIMP finds {script} only in a folder {source.name}, not in {target.name}."
        )

    def make(folder: Path) -> None:
        _copy_with_wire(source, folder / source.name)
        # Without it GIMP passes over the script in silence.
        (folder / source.name / script).chmod(0o755)

    swap_in(target.parent, make, {source.name: target})


def copy_krita_plugin(source: Path, resources: Path) -> None:
    """Put the plug-in where Krita finds it; what lies there of an older one is replaced.

    It has to be enabled as well: `enable_NAME=true` under `[python]` in `kritarc`.

    Args:
        source: Folder of the plug-in in a checkout, `krita_plugin`, with one `NAME.desktop`.
        resources: Krita's folder for resources, like `~/.local/share/krita`.

    Raises:
        LacunaError: If `source` is not a Krita plug-in.
    """
    name = krita_name(source)
    targets = {
        name: resources / "pykrita" / name,
        f"{name}.desktop": resources / "pykrita" / f"{name}.desktop",
        f"{name}.action": resources / "actions" / f"{name}.action",
    }
    swap_in(resources, lambda folder: _gather_krita_plugin(source, folder), targets)


def zip_gimp_plugin(source: Path, archive: Path, wheel: Path | None = None) -> None:
    """Write a zip with the plug-in's folder in it, to be unpacked into GIMP's `plug-ins`.

    With a wheel in it, the plug-in offers to install that.
    """
    with tempfile.TemporaryDirectory() as place:
        copy_gimp_plugin(source, Path(place) / source.name)
        _add_wheel(wheel, Path(place) / source.name)
        _zip(Path(place), archive)


def zip_krita_plugin(source: Path, archive: Path, wheel: Path | None = None) -> None:
    """Write a zip for *Tools > Scripts > Import Python Plugin from File* in Krita.

    With a wheel in it, the plug-in offers to install that.
    """
    with tempfile.TemporaryDirectory() as place:
        _gather_krita_plugin(source, Path(place))
        _add_wheel(wheel, Path(place) / krita_name(source))
        _zip(Path(place), archive)


def krita_name(source: Path) -> str:
    """Return the name by which Krita knows the plug-in of a folder.

    Raises:
        LacunaError: If `source` is not a Krita plug-in.
    """
    names = [path.stem for path in source.glob("*.desktop")]
    if len(names) != 1 or not (source / names[0] / "__init__.py").is_file():
        raise LacunaError(
            f"{source} is not a plug-in for Krita: it has {len(names)} .desktop files, and needs "
            "one with a package of the same name."
        )
    return names[0]


def _gather_krita_plugin(source: Path, folder: Path) -> None:
    name = krita_name(source)
    _copy_with_wire(source / name, folder / name)
    for kind in ("desktop", "action"):
        shutil.copyfile(source / f"{name}.{kind}", folder / f"{name}.{kind}")


def _copy_with_wire(source: Path, target: Path) -> None:
    """Copy into `target`, which is not there yet."""
    shutil.copytree(source, target, ignore=_LEFT_OUT)
    wire = Path(lacuna_wire.__file__).parent
    shutil.copytree(wire, target / "_vendor" / wire.name, ignore=_LEFT_OUT)
    (target / VERSION_FILE).write_text(f"{__version__}\n", "utf-8")


def _add_wheel(wheel: Path | None, plugin: Path) -> None:
    if wheel is not None:
        (plugin / WHEEL_FOLDER).mkdir()
        shutil.copyfile(wheel, plugin / WHEEL_FOLDER / wheel.name)


def _zip(folder: Path, archive: Path) -> None:
    # It keeps the executable bit and writes entries for folders, without which Krita finds no
    # plug-in in it; a plain ZipFile does neither.
    made = shutil.make_archive(str(archive.with_suffix("")), "zip", folder)
    Path(made).replace(archive)
