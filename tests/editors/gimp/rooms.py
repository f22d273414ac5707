"""Where the real GIMP lives: the Debian 13 root, with the plug-in installed."""

import shutil
from pathlib import Path

from lacuna.desktop.plugins import copy_gimp_plugin
from tests.editors import machines
from tests.editors.machines import CHECKOUT, DEBIAN13

HERE = Path(__file__).parent
PLUGIN = CHECKOUT / "gimp_plugin" / "lacuna-gimp"


def reason_to_skip() -> str:
    return DEBIAN13.reason_to_skip("gimp", "gimp-console", "Xvfb", "xdotool", "import")


class Room(machines.Room):
    """A GIMP with the plug-in and its configuration."""

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "GIMP3_DIRECTORY": str(self.folder / "config")}

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
            "gimp-console", "--batch-interpreter", "python-fu-eval", "-b", code, "--quit", **more
        )  # fmt: skip
        said = ran.stdout + ran.stderr
        assert ran.returncode == 0, said[-4000:]
        return said


def new_room(folder: Path) -> Room:
    """Furnish a folder: the plug-in installed as docs/gimp.md says, no questions at the start."""
    room = Room(DEBIAN13, folder)
    room.furnish()
    (folder / "config").mkdir()
    copy_gimp_plugin(PLUGIN, folder / "config" / "plug-ins" / PLUGIN.name)
    for name in ("gimprc", "shortcutsrc"):
        shutil.copyfile(HERE / name, folder / "config" / name)
    return room
