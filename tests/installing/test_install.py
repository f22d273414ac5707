"""An engine is there as a whole, or nothing of it is: real environments, real pip."""

import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lacuna_wire import LacunaError
from lacuna_wire.engine_install.install import install, remove, sweep
from lacuna_wire.engine_install.making import DOWNLOADING, MAKING, SETTING, STEPS
from lacuna_wire.engine_install.places import (
    engines_folder,
    installed_engine,
    is_somebody_at_work,
)
from lacuna_wire.engine_install.processes import Mark, is_held
from lacuna_wire.errors import JobCancelled
from lacuna_wire.refusals import REFUSALS, refusal_text
from tests.fakes.wheels import make_engine_wheel, make_wheel
from tests.installing.conftest import all_below
from tests.service.conftest import eventually

ALONE = "--yes --no-krita --no-gimp"
ROOT = Path(__file__).parents[2]


def never():
    return False


def failure_of(offer, cancelled=never):
    """Install in vain, and return the error."""
    with pytest.raises(LacunaError) as caught:
        install(offer, lambda _progress: None, cancelled)
    assert caught.value.code in REFUSALS
    assert "{" not in refusal_text(caught.value)
    return caught.value


def test_engine_is_installed_set_up_and_removed_without_a_trace(home, new_offer, asked):
    seen = []

    engine = install(new_offer(), seen.append, never)

    assert installed_engine() == engine
    assert engine.folder.parent == home / ".local" / "share" / "lacuna" / "engine"
    assert asked() == [f"0.1.0 setup {ALONE}"]
    assert not engine.mark.exists()
    assert not (engine.folder / "scratch").exists()
    steps = [progress.step for progress in seen]
    assert [step for at, step in enumerate(steps) if step not in steps[:at]] == [
        step for step in STEPS if step in steps
    ]
    percents = [progress.percent for progress in seen]
    assert percents == sorted(percents)
    assert 0 <= percents[0] <= percents[-1] <= 100

    remove(engine)

    assert asked()[1:] == [f"0.1.0 uninstall {ALONE}"]
    assert all_below(home) == set()


@pytest.fixture
def slow_index():
    """An index on loopback whose one package begins to come, and then does not go on."""
    served = threading.Event()

    class Index(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            if self.path.startswith("/files/"):
                self.send_header("Content-Length", str(50 << 20))
                self.end_headers()
                self.wfile.write(bytes(1 << 20))
                served.set()
                time.sleep(60)
            else:
                body = b'<a href="/files/paint-1.0.0-py3-none-any.whl">paint</a>'
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Index)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/simple", served
    server.shutdown()
    server.server_close()


@pytest.fixture
def from_slow_index(slow_index, monkeypatch):
    address, served = slow_index
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", address)
    return served


def cancel_in(step, then=lambda: True):
    """Return what `install` reports to and asks, to be cancelled in the middle of a step."""
    now = []

    def report(progress):
        if not now or now[-1] != progress.step:
            now.append(progress.step)

    return report, lambda: bool(now) and now[-1] == step and then()


@pytest.mark.parametrize("step", [MAKING, DOWNLOADING, SETTING])
def test_cancel_leaves_nothing_behind(home, new_offer, asked, step, from_slow_index, monkeypatch):
    monkeypatch.setenv("LACUNA_TEST_SETUP", "hangs")
    if step != DOWNLOADING:
        monkeypatch.setenv("PIP_NO_INDEX", "1")
    ready = {
        MAKING: lambda: any(engines_folder().glob("*/pyvenv.cfg")),
        DOWNLOADING: from_slow_index.is_set,
        SETTING: lambda: bool(all_below(home / ".config")),
    }
    offer = new_offer(needs=("paint",) if step == DOWNLOADING else ())
    report, cancelled = cancel_in(step, ready[step])

    with pytest.raises(JobCancelled) as caught:
        install(offer, report, cancelled)

    assert refusal_text(caught.value) == REFUSALS["install_cancelled"][0]
    assert all_below(home) == set()
    begun = [f"0.1.0 setup {ALONE}", f"0.1.0 uninstall {ALONE}"] if step == SETTING else []
    assert asked() == begun


def test_without_a_network_it_says_who_does_not_answer(home, new_offer, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")

    error = failure_of(new_offer(needs=("paint",)))

    assert error.code == "install_no_network"
    assert "127.0.0.1" in refusal_text(error)
    assert all_below(home) == set()


def test_full_disk_is_told_and_is_as_full_as_before(home, new_offer, disk_of):
    disk = disk_of("9m")
    (home / ".local").symlink_to(disk)
    free = os.statvfs(disk).f_bavail

    offer = new_offer()
    real = offer.maker._replace(program=sys.executable)  # it unpacks pip there, which is larger
    error = failure_of(offer._replace(maker=real))

    assert error.code == "install_no_room"
    assert "disk" in refusal_text(error)
    assert all_below(disk) == set()
    assert os.statvfs(disk).f_bavail >= free - 1


def test_setup_that_fails_says_why_and_is_taken_back(home, new_offer, asked, monkeypatch):
    monkeypatch.setenv("LACUNA_TEST_SETUP", "fails")

    error = failure_of(new_offer())

    assert (error.code, error.values["reason"]) == ("install_failed", "It does not answer")
    assert asked() == [f"0.1.0 setup {ALONE}", f"0.1.0 uninstall {ALONE}"]
    assert all_below(home) == set()


def test_package_that_nobody_has_is_named(home, new_offer):
    error = failure_of(new_offer(needs=("no-such-package>=7",)))

    assert error.code == "install_failed"
    assert "no-such-package>=7" in refusal_text(error)
    assert all_below(home) == set()


def test_folder_that_may_not_be_written_is_named(home, new_offer):
    (home / ".local").write_text("a file")

    error = failure_of(new_offer())

    assert error.code == "not_writable"
    assert ".local" in refusal_text(error)
    assert all_below(home) == {".local"}


INSTALL = """
import sys
from pathlib import Path
from lacuna_wire.engine_install import install, offer, places, pythons
from lacuna_wire.torch_builds import Amount, TorchChoice
maker = pythons.Maker("python", sys.executable, "3")
what = offer.InstallOffer(
    Path(sys.argv[1]), maker, TorchChoice("cpu"), Amount(1, 1), places.engines_folder(), None, False
)
install.install(what, lambda progress: print(progress.step, flush=True), lambda: False)
"""


def test_editor_that_dies_in_the_middle_leaves_what_the_next_one_sweeps(
    home, tmp_path, asked, monkeypatch
):
    monkeypatch.setenv("LACUNA_TEST_SETUP", "hangs")
    wheel = make_engine_wheel(tmp_path / "wheels")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "shared")}
    editor = subprocess.Popen(
        [sys.executable, "-c", INSTALL, wheel], stdout=subprocess.PIPE, env=environment
    )
    eventually(lambda: asked(), 60)
    (mark,) = engines_folder().glob("*.unfinished")
    assert is_held(mark)
    assert installed_engine() is None
    children = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(editor.pid)], capture_output=True, text=True, check=True
    )

    editor.kill()
    editor.wait()
    editor.stdout.close()

    # What it has started still works on it: nobody takes it away.
    assert is_somebody_at_work()
    sweep()
    assert mark.exists()
    for pid in map(int, children.stdout.split()):
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: not is_held(mark))
    sweep()
    assert asked()[1:] == [f"0.1.0 uninstall {ALONE}"]
    assert all_below(home) == set()


def packages_of(engine, name):
    return engine.packages() / name / "__init__.py"


def test_update_takes_over_what_is_the_same_and_the_older_one_goes(
    home, tmp_path, new_offer, asked, monkeypatch
):
    make_wheel(tmp_path / "found", "paint", "1.0.0", {"paint/__init__.py": "COLOUR = 'red'\n"})
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "found"))
    older = install(new_offer(needs=("paint",)), lambda _progress: None, never)
    before = packages_of(older, "paint").stat().st_ino
    monkeypatch.delenv("PIP_FIND_LINKS")  # what the older one has need not be there again

    newer = install(
        new_offer("0.2.0", needs=("paint",), before=older), lambda _progress: None, never
    )

    assert installed_engine() == newer
    assert packages_of(newer, "paint").stat().st_ino == before
    assert packages_of(newer, "lacuna").exists()
    assert all_below(engines_folder()) & {older.folder.name, older.mark.name} == set()
    assert asked() == [f"0.1.0 setup {ALONE}", f"0.2.0 setup {ALONE}"]


def test_update_that_fails_leaves_the_older_one_at_work(home, new_offer, asked, monkeypatch):
    older = install(new_offer(), lambda _progress: None, never)
    there = all_below(home)
    monkeypatch.setenv("LACUNA_TEST_SETUP", "fails 0.2.0")

    failure_of(new_offer("0.2.0", before=older))

    assert installed_engine() == older
    assert asked()[-3:] == [
        f"0.2.0 setup {ALONE}", f"0.2.0 uninstall {ALONE}", f"0.1.0 setup {ALONE}",
    ]  # fmt: skip
    assert without_caches(all_below(home)) == without_caches(there)


def without_caches(names):
    return {name for name in names if "__pycache__" not in name}


def test_engine_whose_daemon_does_not_end_stays_and_that_is_told(home, new_offer, monkeypatch):
    engine = install(new_offer(), lambda _progress: None, never)
    monkeypatch.setenv("LACUNA_TEST_UNINSTALL", "fails")

    with pytest.raises(LacunaError) as caught:
        remove(engine)

    assert caught.value.code == "engine_stays"
    assert "It does not end" in refusal_text(caught.value)
    assert installed_engine() == engine


def test_two_editors_do_not_install_at_the_same_time(home, new_offer):
    offer = new_offer()
    engines_folder().mkdir(parents=True)
    mark = Mark(engines_folder() / "0.1.0-abcdef.unfinished")
    try:
        assert failure_of(offer).code == "install_busy"
        assert mark.path.exists()
    finally:
        mark.close()


def test_users_settings_of_pip_do_not_lead_out_of_the_environment(
    home, tmp_path, new_offer, monkeypatch
):
    for name in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    monkeypatch.setenv("PIP_USER", "1")
    monkeypatch.setenv("PYTHONHOME", "/of/the/editor")

    engine = install(new_offer(), lambda _progress: None, never)

    assert packages_of(engine, "lacuna").exists()
    assert not (tmp_path / "elsewhere").exists()


def test_matching_build_of_pytorch_is_asked_of_its_own_index(new_offer, monkeypatch, tmp_path):
    """No build of another kind is taken in its place when the index is not there."""
    monkeypatch.setenv("LACUNA_PYTORCH_INDEX", (tmp_path / "mirror").as_uri())
    page = tmp_path / "mirror" / "cpu" / "torch"
    plain = make_wheel(tmp_path / "found", "torch", "2.13.0", {"torch.py": "KIND = 'plain'\n"})
    monkeypatch.setenv("PIP_FIND_LINKS", str(plain.parent))
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "empty").as_uri())

    assert failure_of(new_offer()).code in ("install_failed", "install_no_network")

    make_wheel(page, "torch", "2.13.0+cpu", {"torch.py": "KIND = 'cpu'\n"})
    (page / "index.html").write_text(
        '<a href="torch-2.13.0%2Bcpu-py3-none-any.whl">torch-2.13.0+cpu-py3-none-any.whl</a>'
    )
    engine = install(new_offer(), lambda _progress: None, never)
    assert "cpu" in (engine.packages() / "torch.py").read_text()


def test_nothing_that_is_no_engine_is_taken_for_one(home):
    folder = engines_folder()
    for name in ("notes", "0.1.0", "latest-abc"):
        (folder / name / "bin").mkdir(parents=True)
    (folder / "file-1").touch()
    before = all_below(home)

    sweep()

    assert installed_engine() is None
    assert all_below(home) == before
