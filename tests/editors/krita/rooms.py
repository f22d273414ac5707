"""Where the real Krita lives: on this machine and in Debian roots, with the plug-in installed."""

import os
import shutil
from pathlib import Path

from lacuna.desktop.plugins import copy_krita_plugin
from tests.editors import machines
from tests.editors.machines import CHECKOUT, DEBIAN13, EVALUATION, HOST, Machine

HERE = Path(__file__).parent
PLUGIN = CHECKOUT / "krita_plugin"
DRIVER = HERE / "driver"
# This machine's Krita (5.1 on Debian 12), Krita 5.2, and more: LACUNA_KRITA_ROOTS=/a:/b
MACHINES = [
    HOST,
    DEBIAN13,
    *(
        Machine(Path(root).name, Path(root))
        for root in os.environ.get("LACUNA_KRITA_ROOTS", "").split(os.pathsep)
        if root
    ),
]
PROGRAMS = ("krita", "Xvfb", "dbus-daemon", "openbox", "xdotool", "import")


class KritaRoom(machines.Room):
    """A home in which nothing but Krita lives: it starts once per home."""

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "QT_LOGGING_RULES": "*.debug=false"}

    @property
    def resources(self) -> Path:
        return self.home / ".local" / "share" / "krita"


def new_room(folder: Path, machine: Machine, warm: Path | None = None) -> KritaRoom:
    """Furnish a folder: the plug-in and the driver, both enabled, and all else as on a first start.

    Args:
        folder: Which exists.
        machine: Where its Krita is.
        warm: What `warm_resources` made for this machine; without it the first start takes 13 s.
    """
    room = bare_room(folder, machine, ("lacuna_krita", "lacuna_test_driver"))
    if warm:
        shutil.copytree(warm, room.resources, symlinks=True)
    copy_krita_plugin(PLUGIN, room.resources)
    install_driver(room)
    return room


def warm_resources(folder: Path, machine: Machine) -> Path:
    """Let Krita unpack its brushes and build their database in a home of its own."""
    from tests.editors.krita.kritas import Krita

    room = bare_room(folder, machine, ("lacuna_test_driver",))
    install_driver(room)
    Krita(room).close()
    shutil.rmtree(room.resources / "pykrita")
    return room.resources


def bare_room(folder: Path, machine: Machine, plugins: tuple[str, ...]) -> KritaRoom:
    room = KritaRoom(machine, folder)
    room.furnish()
    config = room.home / ".config"
    config.mkdir()
    enabled = "".join(f"enable_{name}=true\n" for name in plugins)
    (config / "kritarc").write_text(f"[python]\n{enabled}", "utf-8")
    # Without a graphics card OpenGL is slow, and Krita 5.1 aborts in it when documents come and go
    # as fast as in a test (an assertion on the tiles of its textures).
    (config / "kritadisplayrc").write_text("[General]\nOpenGLRenderer=none\n", "utf-8")
    return room


def install_driver(room: KritaRoom) -> None:
    without_cache = shutil.ignore_patterns("__pycache__")
    target = room.resources / "pykrita"
    shutil.copytree(DRIVER, target, ignore=without_cache, dirs_exist_ok=True)
    shutil.copyfile(EVALUATION, target / "lacuna_test_driver" / EVALUATION.name)
