"""Where the editors keep this user's files, and which of them are running.

Linux was tried with the packages of distributions; the rest follows the editors' documentation.
"""

from pathlib import Path
from typing import Literal, NamedTuple

from .home import Home

PROCESSES = {"krita": "Krita", "gimp": "GIMP"}


class Place(NamedTuple):
    """One editor of one user, into which the plug-in goes.

    Attributes:
        kind: Which plug-in.
        name: For people: `Krita`, `GIMP 3.0`.
        folder: The editor's own folder: Krita's resources, GIMP's configuration.
        kritarc: Krita's settings, where plug-ins are enabled; GIMP needs no such thing.
    """

    kind: Literal["krita", "gimp"]
    name: str
    folder: Path
    kritarc: Path | None = None


def find_krita(home: Home) -> list[Place]:
    """Return every Krita that is installed or has run: its files need not be there yet."""
    return {"linux": _krita_linux, "windows": _krita_windows, "macos": _krita_macos}[home.system](
        home
    )


def find_gimp(home: Home) -> list[Place]:
    """Return the configuration folder of every GIMP 3.x that has run, or is about to.

    A folder is made for a GIMP that never ran only if none is there at all: GIMP takes over the
    settings of an older version when, and only when, its own folder is missing.
    """
    parents = {
        "linux": [
            home.config / "GIMP",
            home.folder / ".config" / "GIMP",  # Flatpak's, wherever the variable points
            home.folder / "snap" / "gimp" / "current" / ".config" / "GIMP",
        ],
        "windows": [home.roaming / "GIMP"],
        "macos": [home.library / "Application Support" / "GIMP"],
    }[home.system]
    folders = [home.variable("GIMP3_DIRECTORY", Path())] if _has_directory(home) else []
    for parent in dict.fromkeys(parents):
        folders += sorted(path for path in parent.glob("3.[0-9]*") if path.is_dir())
    if not folders and not parents[0].exists():
        # Of several versions only the oldest: the newer ones copy what they find in its folder.
        versions = {path.name.partition("-")[2] for path in home.programs("gimp-3.[0-9]*")}
        folders = [parents[0] / version for version in sorted(versions, key=_number)[:1]]
    return [Place("gimp", f"GIMP {_version(folder)}", folder) for folder in folders]


def why_no_gimp(home: Home) -> str:
    """Say what to do when `find_gimp` finds none."""
    flatpak = any(
        (parent / "app" / "org.gimp.GIMP").exists()
        for parent in (home.data / "flatpak", home.root / "var" / "lib" / "flatpak")
    )
    if flatpak or home.programs("gimp-3.[0-9]*"):
        return "GIMP has never run. Start it once, then run `lacuna setup` again."
    if home.programs("gimp") or home.programs("gimp-2.*"):
        return "Only GIMP 2 is installed, and the plug-in needs GIMP 3."
    return "Not found."


def why_no_krita(home: Home) -> str:
    """Say what to do when `find_krita` finds none."""
    if home.system == "linux" and (home.folder / "snap" / "krita").exists():
        return "Only the Snap is installed, which cannot reach the daemon. Install another package."
    return "Not found."


def running_editors() -> list[str]:
    """Return the editors that are running, each once."""
    import psutil

    names = [process.info["name"] or "" for process in psutil.process_iter(["name"])]
    # `gimp-3.0`, `krita.exe`; but `gimp-console` and `krita_version` have no window.
    stems = {name.lower().removesuffix(".exe").partition("-3")[0] for name in names}
    return [shown for name, shown in PROCESSES.items() if name in stems]


def _krita_linux(home: Home) -> list[Place]:
    places = []
    own = Place("krita", "Krita", home.data / "krita", home.config / "kritarc")
    if home.programs("krita") or _app_images(home) or _has_run(own):
        places.append(own)
    box = home.folder / ".var" / "app" / "org.kde.krita"
    flatpaks = (home.data / "flatpak", home.root / "var" / "lib" / "flatpak")
    if box.exists() or any((path / "app" / box.name).exists() for path in flatpaks):
        kritarc = box / "config" / "kritarc"
        places.append(Place("krita", "Krita (Flatpak)", box / "data" / "krita", kritarc))
    return places


def _krita_windows(home: Home) -> list[Place]:
    places = []
    own = Place("krita", "Krita", home.roaming / "krita", home.local / "kritarc")
    programs = home.variable("PROGRAMFILES", home.root / "Program Files")
    if (programs / "Krita (x64)").exists() or _has_run(own):
        places.append(own)
    for box in sorted((home.local / "Packages").glob("49800Krita_*")):
        cache = box / "LocalCache"
        kritarc = cache / "Local" / "kritarc"
        places.append(Place("krita", "Krita (Store)", cache / "Roaming" / "krita", kritarc))
    return places


def _krita_macos(home: Home) -> list[Place]:
    resources = home.library / "Application Support" / "krita"
    own = Place("krita", "Krita", resources, home.library / "Preferences" / "kritarc")
    bundles = [folder / "krita.app" for folder in (home.root / "Applications", home.folder)]
    return [own] if any(path.exists() for path in bundles) or _has_run(own) else []


def _app_images(home: Home) -> list[Path]:
    folders = ("", "Applications", "Downloads", "Desktop", "bin", ".local/bin")
    # Names of its releases: krita-5.2.9-x86_64.AppImage
    found = [(home.folder / folder).glob("[Kk]rita*.[Aa]pp[Ii]mage") for folder in folders]
    return [path for paths in found for path in paths]


def _has_run(place: Place) -> bool:
    return place.folder.exists() or (place.kritarc is not None and place.kritarc.exists())


def _has_directory(home: Home) -> bool:
    return Path(home.environment.get("GIMP3_DIRECTORY", "")).is_absolute()


def _version(folder: Path) -> str:
    return folder.name if folder.name.startswith("3.") else f"3 ({folder})"


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
