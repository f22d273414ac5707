"""Where the real GIMP lives: the Debian 13 root, with the plug-in installed."""

import shutil
from pathlib import Path

from lacuna.desktop.plugins import copy_gimp_plugin
from tests.editors import machines
from tests.editors.machines import CHECKOUT, DEBIAN13, EVALUATION

HERE = Path(__file__).parent
PLUGIN = CHECKOUT / "gimp_plugin" / "lacuna-gimp"
DRIVER = HERE / "driver" / "lacuna-test-driver"
# Of GIMP's own plug-ins, what a test without a window needs: GIMP asks each of the others who it
# is when it starts for the first time, which takes 6 s.
NEEDED_PLUGINS = ("file-png",)


def reason_to_skip() -> str:
    return DEBIAN13.reason_to_skip("gimp", "gimp-console", "Xvfb", "xdotool", "import")


class GimpRoom(machines.Room):
    """A GIMP with the plug-in and its configuration."""

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "GIMP3_DIRECTORY": str(self.folder / "config")}

    def gimp(self, script: str, **more) -> str:
        """Run a script inside a GIMP of its own, without a window, and return what it said.

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


def new_room(folder: Path, all_plugins: bool = True) -> GimpRoom:
    """Furnish a folder: the plug-in installed as docs/gimp.md says, no questions at the start.

    Args:
        folder: Which exists.
        all_plugins: Whether GIMP has all its own plug-ins, whose entries are in its menus.
    """
    room = GimpRoom(DEBIAN13, folder)
    room.furnish()
    plugins = folder / "config" / "plug-ins"
    plugins.mkdir(parents=True)
    copy_gimp_plugin(PLUGIN, plugins / PLUGIN.name)
    shutil.copytree(DRIVER, plugins / DRIVER.name)
    shutil.copyfile(EVALUATION, plugins / DRIVER.name / EVALUATION.name)
    for name in ("gimprc", "shortcutsrc"):
        shutil.copyfile(HERE / name, folder / "config" / name)
    if not all_plugins:
        with (folder / "config" / "gimprc").open("a") as gimprc:
            gimprc.write(f'(plug-in-path "{plugins}:{needed_plugins(folder)}")\n')
    return room


def needed_plugins(folder: Path) -> Path:
    """A folder with links to GIMP's own plug-ins, as they are named inside the root."""
    links = folder / "needed"
    links.mkdir()
    (place,) = (DEBIAN13.root / "usr" / "lib").glob("*/gimp/3.0/plug-ins")
    for name in NEEDED_PLUGINS:
        (links / name).symlink_to("/" / place.relative_to(DEBIAN13.root) / name)
    return links
