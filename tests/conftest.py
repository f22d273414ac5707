"""Fixtures that several folders of tests share."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

# It says how torch's threads wait, which is read when torch is first imported: tests import it in
# any order, and by spinning a small network takes a hundred times as long on a busy machine.
import lacuna.network  # noqa: F401

MOST_WORKERS = 4  # each takes about a gigabyte, and what it starts some more
# What all files of a folder share is too slow to be started in several processes.
TOGETHER = ("tests/editors/krita/",)
SHARED = Path(__file__).parents[1].parent / "shared"


def pytest_collection_modifyitems(items) -> None:
    """On a Windows or a Mac, leave out what is left out of the tests as if on one."""
    system = {"win32": "windows", "darwin": "macos"}.get(sys.platform)
    if system is None:
        return
    from tests.portable.test_whole_suites import LEFT_OUT

    for item in items:
        if reason := LEFT_OUT[system].get(getattr(item, "originalname", "")):
            item.add_marker(pytest.mark.skip(reason=reason))


def pytest_xdist_auto_num_workers(config) -> int:
    """Run folders in several processes; single files, and what measures seconds, in this one.

    Two processes on a single core, too: whoever drives an editor waits most of the time.
    """
    measures = config.option.markexpr != "not long"
    if measures or not all(Path(word).is_dir() for word in config.args):
        return 0
    return min(max(2, os.cpu_count() or 1), MOST_WORKERS)


def pytest_xdist_make_scheduler(config, log):
    """Deal out files, and some folders as if they were one (`loadgroup` is lost on pytest 9.2)."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            found = (folder for folder in TOGETHER if nodeid.startswith(folder))
            return next(found, None) or super()._split_scope(nodeid)

    return Scheduling(config, log)


@pytest.fixture
def photos() -> Path:
    """Folder of real, large photographs, which lie beside the checkout on some machines only."""
    folder = SHARED / "photos"
    if not folder.is_dir():
        pytest.skip(f"the real photographs are not here: {folder}")
    return folder


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory):
    """A home of its own: no test meets the user's daemon, weights or settings."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("LACUNA_STATE_DIR", str(home / "state"))
        for name in ("DATA", "CACHE", "CONFIG"):
            patch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
        yield home


@pytest.fixture
def disk_of(tmp_path):
    """Make file systems of a size in memory, as `mount` names it: `64k`, `64m`."""
    mounted = []

    def make(size):
        folder = tmp_path / f"disk-{size}"
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("only root, with leave to mount, can make a small disk")
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)
