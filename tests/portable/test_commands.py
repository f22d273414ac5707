"""Every command but the editors' own, as if on Windows and macOS: real processes, a real daemon."""

import json
import re
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest

from lacuna import __version__
from lacuna.network.catalogue import SHIPPED, find_weights
from tests.commands.conftest import checks, rows
from tests.desktop.homes import tree
from tests.portable.conftest import SAFETY_S

COMMANDS = (
    "bench", "demo", "doctor", "inpaint", "serve", "setup", "status", "stop", "uninstall", "weights"
)  # fmt: skip


@pytest.fixture
def picture(user):
    """A soft picture with a square on it, and a mask over the square, beside the user's home."""
    y, x = np.mgrid[0:120, 0:160].astype(np.float32)
    picture = np.stack([80 + x / 4, 60 + y / 3, 200 - x / 3], axis=2).astype(np.uint8)
    picture[50:70, 70:90] = (0, 0, 255)
    mask = np.zeros((120, 160), np.uint8)
    mask[47:73, 67:93] = 255
    folder = user.home / "Bilder & Zeichnungen"
    folder.mkdir(exist_ok=True)
    for name, pixels in (("bild 絵.png", picture), ("maske.png", mask)):
        (folder / name).write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    return folder / "bild 絵.png"


def test_simulation_is_in_force(user):
    """Otherwise everything below would prove nothing."""
    ran = user.python("-c", "import lacuna.system.users as u; print(u.sys.platform, u.own_id())")
    platform = {"windows": "win32", "macos": "darwin"}[user.system]
    assert ran.stdout.split()[0] == platform, ran.stderr
    module = user.home / "lacuna_probe"
    module.mkdir(exist_ok=True)
    probe = module / "lacuna.py"
    lines = {
        "windows": ("import fcntl", "import resource", "import os; os.geteuid()",
                    "import os; os.sysconf('SC_PAGE_SIZE')", "import signal; signal.SIGKILL",
                    "import os; os.O_NOFOLLOW", "import socket; socket.AF_UNIX",
                    "import subprocess; subprocess.Popen(['x'], preexec_fn=print)"),
        "macos": ("import os; os.posix_fallocate(1, 0, 1)", "import os; os.sched_getaffinity(0)",
                  "import ctypes; ctypes.CDLL(None)"),
    }[user.system]  # fmt: skip
    both = ("open('/proc/self/status')", "import os; os.listdir('/dev/shm')",
            "from pathlib import Path; Path('/proc/meminfo').read_text()")  # fmt: skip
    for line in (*lines, *both):
        probe.write_text(line)
        path = f"{user.env['PYTHONPATH']}:{module}"
        failed = user.python("-c", "import lacuna", PYTHONPATH=path)
        assert failed.returncode == 1, line
        assert re.search(
            r"^(ModuleNotFoundError|AttributeError|FileNotFoundError|ValueError|TypeError): ",
            failed.stderr, re.M,
        ), (line, failed.stderr)  # fmt: skip
    shutil.rmtree(module)


def test_help_knows_every_command(user):
    said = user("--help")

    assert (said.returncode, said.stderr) == (0, "")
    assert set(COMMANDS) <= set(re.findall(r"^  (\w+)", said.stdout, re.M))
    for command in COMMANDS:
        assert user(command, "--help").returncode == 0
    assert __version__ in user("--version").stdout


def test_weights_are_listed_described_imported_and_set(user):
    assert SHIPPED in user("weights", "list").stdout
    file = user.home / "wichtig 絵.safetensors"
    shutil.copy(find_weights(SHIPPED).path, file)
    imported = user("weights", "import", file, "--name", "mine")
    assert imported.returncode == 0, imported.stderr
    assert user("weights", "set", "mine", "--bridges", "40").returncode == 0
    assert "40 px from the edge" in user("weights", "info", "mine").stdout
    refused = user("weights", "import", file, "--name", "con")
    assert (refused.returncode, "Traceback" in refused.stderr) == (2, False)
    assert "con is what Windows calls a device" in refused.stderr
    nobody = user("weights", "fetch", "big-lama", "--from", "http://127.0.0.1:9/")
    assert (nobody.returncode, "Traceback" in nobody.stderr) == (2, False)


def test_everything_is_set_up_looked_at_used_and_taken_back(user, picture):
    """From an empty home with a Krita in it to an empty home."""
    user.krita.mkdir(parents=True)
    user.kritarc.parent.mkdir(parents=True, exist_ok=True)
    user.kritarc.write_bytes(b"[other]\r\nkey=1\r\n")
    done = user("setup", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    states = {what: state for what, (state, _note) in rows(done).items()}
    assert states == {
        "Krita": "done", "GIMP": "skipped", "start at login": "done", "command": "skipped",
        "menu": "done" if user.system == "windows" else "skipped",
        "patch search": "done", "daemon": "done",
    }  # fmt: skip
    enabled = b"[other]\r\nkey=1\r\n\r\n[python]\r\nenable_lacuna_krita=true\r\n"
    assert user.kritarc.read_bytes() == enabled
    kind = {"windows": "Startup entry", "macos": "launchd agent"}[user.system]
    assert rows(done)["start at login"][1].endswith(f" is a {kind}.")

    status = user("status")
    assert (status.returncode, "health" in status.stdout) == (0, True), status.stderr
    out = picture.with_name("fertig.png")
    filled = user("inpaint", picture, picture.with_name("maske.png"), "-o", out)
    assert filled.returncode == 0, filled.stderr
    local = picture.with_name("ohne.png")
    assert user("inpaint", picture, picture.with_name("maske.png"), "-o", local, "--local",
                ).returncode == 0  # fmt: skip
    one, other, before = (cv2.imdecode(np.fromfile(path, np.uint8), 1)
                          for path in (out, local, picture))  # fmt: skip
    assert np.array_equal(one, other)
    assert not np.array_equal(one, before)

    doctor = user("doctor", "--json")
    assert (doctor.returncode, json.loads(doctor.stdout)["ok"]) == (0, True), doctor.stdout
    found = checks(doctor)
    assert found["state folder"]["found"] == f"{user.state} is closed to other users."
    assert found["test fill"]["state"] == "ok"
    log = (user.state / "daemon.log").read_text("utf-8")
    assert "Traceback" not in log
    assert user("serve").returncode == 0  # another one steps back

    assert user("stop").returncode == 0
    assert user("status").returncode == 1
    shutil.rmtree(picture.parent)
    (user.home / "wichtig 絵.safetensors").unlink(missing_ok=True)
    removed = user("uninstall", "--yes", "--purge")
    assert removed.returncode == 0, removed.stdout
    assert user.kritarc.read_bytes() == b"[other]\r\nkey=1\r\n"
    left = {name for name, content in tree(user.home).items() if content is not None}
    assert {name for name in left if "access-list" not in name} == {
        user.kritarc.relative_to(user.home).as_posix()
    }


def test_demo_fills_its_photograph(user):
    done = user("demo")

    assert done.returncode == 0, done.stderr
    assert {path.name for path in (user.home / "lacuna-demo").iterdir()} >= {
        "before.png",
        "after.png",
    }
    shutil.rmtree(user.home / "lacuna-demo")


def test_peak_of_memory_that_bench_measures_is_told_by_the_system(user):
    measured = user.python(
        "-c", "import torch\nfrom lacuna.network.ceiling import forget_peak, peak_memory\n"
        "from lacuna.network.device import traits_of\n"
        "cpu = traits_of(torch.device('cpu'), torch.float32)\n"
        "forget_peak(cpu); print(peak_memory(cpu))",
    )  # fmt: skip
    assert int(measured.stdout) > 2**26, measured.stderr


def test_what_a_terminal_cannot_show_is_written_another_way_and_ends_nothing(user):
    """A program that is piped on Windows writes in the old code page, which has no such letters."""
    command = [sys.executable, "-P", "-m", "lacuna", "setup", "--dry-run"]
    env = {**user.env, "PYTHONIOENCODING": "cp1252"}
    said = subprocess.run(command, env=env, capture_output=True, check=False, timeout=SAFETY_S)

    assert (said.returncode, said.stderr) == (0, b"")
    assert "Åsa Blå \\u7d75".encode("cp1252") in said.stdout


def test_state_folder_that_others_may_enter_is_named_by_doctor_and_closed_by_the_daemon(user):
    if user.system != "windows":
        pytest.skip("access lists are of Windows")
    user("stop")  # what another test has started has closed it already
    user.state.mkdir(parents=True, exist_ok=True)
    listed = user.state.with_name("lacuna.access-list")
    listed.write_text("D:AI(A;OICIID;FA;;;SY)(A;OICIID;0x1200a9;;;BU)")
    found = checks(user("doctor", "--json"))["state folder"]
    assert (found["state"], found["found"]) == (
        "broken", f"{user.state} can be entered by BU."
    )  # fmt: skip
    assert found["mend"].startswith(f"icacls '{user.state}' /inheritance:r /grant:r '*S-1-")
    started = user("setup", "--yes", "--no-krita", "--no-gimp", "--no-autostart")
    assert started.returncode == 0, started.stdout
    assert user("stop").returncode == 0

    assert "BU" not in listed.read_text()
    listed.unlink()


@pytest.mark.parametrize("code", ["serve --listen 0.0.0.0", "serve --keep-model 5", "inpaint a b"])
def test_refusals_are_one_sentence_there_too(user, code):
    said = user(*code.split())

    assert said.returncode in (2, 78)
    assert "Traceback" not in said.stderr
