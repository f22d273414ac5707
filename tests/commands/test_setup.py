"""`lacuna setup`, `doctor` and `uninstall` as a user runs them, in a home with nothing in it."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lacuna import __version__
from tests.commands.conftest import Program
from tests.desktop.homes import tree

# What the user manager does of `systemctl --user`: it writes down what it is asked, and starts
# the unit's own line.
SYSTEMCTL = f"""#!{sys.executable}
import shlex, subprocess, sys
from pathlib import Path
folder = Path(__file__).parent
with (folder / "asked").open("a") as file:
    print(*sys.argv[1:], file=file)
if "restart" in sys.argv:
    (unit,) = Path.home().glob(".config/systemd/user/lacuna.service")
    (line,) = (line[10:] for line in unit.read_text().splitlines() if line.startswith("ExecStart="))
    log = (folder / "log").open("w")
    subprocess.Popen(shlex.split(line), start_new_session=True, stdout=log, stderr=log)
"""
MARK = "pykrita/lacuna_krita/_vendor/lacuna-version"
SAFETY_S = 60


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "Åsa Blå"
    folder.mkdir()
    return folder


@pytest.fixture
def lacuna(home, tmp_path):
    """The program in that home, with a Krita and a GIMP 3 on its PATH; its daemon is stopped."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("krita", "gimp-3.0"):
        (programs / name).touch(mode=0o755)
    env = {name: value for name, value in os.environ.items() if name in ("LANG", "PYTHONPATH")}
    program = Program({**env, "HOME": str(home), "PATH": str(programs)}, tmp_path)
    yield program
    program("stop")


@pytest.fixture
def krita(home):
    return home / ".local/share/krita"


def rows(run):
    """What the table says: the first word of each line -> state and note."""
    lines = [line.split("\t") for line in run.stdout.splitlines()]
    return {what: (state, note) for what, state, note in lines}


def checks(run):
    return {check["name"]: check for check in json.loads(run.stdout)["checks"]}


def test_everything_is_set_up_looked_at_kept_and_taken_back(lacuna, home, krita):
    done = lacuna("setup", "--yes")
    assert done.returncode == 0, done.stderr
    states = {what: state for what, (state, _note) in rows(done).items()}
    parts = ("Krita", "GIMP 3.0", "start at login", "patch search", "daemon")
    assert states == dict.fromkeys(parts, "done")
    assert (home / ".config/kritarc").read_text() == "[python]\nenable_lacuna_krita=true\n"
    assert (krita / MARK).read_text().strip() == __version__
    assert os.access(home / ".config/GIMP/3.0/plug-ins/lacuna-gimp/lacuna-gimp.py", os.X_OK)

    doctor = lacuna("doctor", "--json")
    assert (doctor.returncode, json.loads(doctor.stdout)["ok"]) == (0, True), doctor.stdout
    assert {check["state"] for check in checks(doctor).values()} == {"ok"}
    assert checks(doctor)["test fill"]["found"].startswith("16 x 16 px in ")
    endpoint = json.loads((home / ".local/state/lacuna/endpoint.json").read_text())
    assert endpoint["token"] not in doctor.stdout + doctor.stderr + lacuna("doctor").stdout

    again = rows(lacuna("setup", "--yes"))
    assert [again[part][0] for part in parts[:3]] == ["kept"] * 3
    assert again["daemon"][1] == f"runs already, process {endpoint['pid']}"

    weights = home / ".local/share/lacuna/weights"
    weights.mkdir(parents=True)
    removed = lacuna("uninstall", "--yes")
    assert removed.returncode == 0, removed.stderr
    assert rows(removed)["weights"][0] == "kept"
    assert {name for name in tree(home) if "weights" not in name} <= {
        ".local", ".local/share", ".local/share/lacuna"
    }  # fmt: skip
    assert lacuna("uninstall", "--yes", "--purge").returncode == 0
    assert tree(home) == {}


def test_systemd_starts_the_daemon_where_it_manages_the_session(lacuna, home, tmp_path):
    systemctl = tmp_path / "bin" / "systemctl"
    systemctl.write_text(SYSTEMCTL)
    systemctl.chmod(0o755)
    (tmp_path / "run/systemd/private").mkdir(parents=True)
    lacuna.env["XDG_RUNTIME_DIR"] = str(tmp_path / "run")

    done = lacuna("setup", "--yes", "--no-krita", "--no-gimp")
    assert done.returncode == 0, done.stdout
    assert rows(done)["start at login"][1].startswith("systemd user unit ")
    asked = (tmp_path / "bin" / "asked").read_text().splitlines()
    assert asked == ["--user daemon-reload", "--user restart lacuna.service"]
    assert checks(lacuna("doctor", "--json"))["start at login"]["state"] == "ok"
    assert lacuna("uninstall", "--yes").returncode == 0
    assert tree(home) == {}


def test_systemd_that_refuses_is_a_line_with_its_reason(lacuna, home, tmp_path):
    systemctl = tmp_path / "bin" / "systemctl"
    systemctl.write_text("#!/bin/sh\necho 'Access denied' >&2; exit 4\n")
    systemctl.chmod(0o755)
    (tmp_path / "run/systemd/private").mkdir(parents=True)
    lacuna.env["XDG_RUNTIME_DIR"] = str(tmp_path / "run")
    done = lacuna("setup", "--yes", "--no-krita", "--no-gimp")

    assert done.returncode == 1
    reason = "systemctl --user daemon-reload: Access denied"
    assert rows(done)["start at login"] == ("failed", reason)
    assert rows(done)["daemon"][0] == "done"
    assert not (home / ".config").exists()


def test_daemon_of_another_installation_is_replaced(lacuna, home):
    first = rows(lacuna("setup", "--yes", "--no-krita", "--no-gimp"))["daemon"][1]
    launch = home / ".local/state/lacuna/launch.json"
    ours = launch.read_text()
    launch.write_text(json.dumps({"command": ["/old/python", "-m", "lacuna", "serve"]}))
    second = rows(lacuna("setup", "--yes", "--no-krita", "--no-gimp"))["daemon"][1]

    assert second.startswith(f"version {__version__} runs, process ")
    assert second != first
    assert launch.read_text() == ours


def test_dry_run_writes_nothing(lacuna, home):
    plan = lacuna("setup", "--dry-run")

    assert plan.returncode == 0
    assert {state for state, _note in rows(plan).values()} == {"planned"}
    assert tree(home) == {}


def test_nobody_to_ask_is_a_refusal_before_anything_is_done(lacuna, home):
    refused = subprocess.run(
        [sys.executable, "-m", "lacuna", "setup"],
        env=lacuna.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SAFETY_S,
    )  # fmt: skip

    assert refused.returncode == 2
    assert "say --yes" in refused.stderr
    assert tree(home) == {}


def test_no_editors_at_all_still_gives_a_daemon(lacuna, home):
    lacuna.env["PATH"] = "/nowhere"
    found = rows(lacuna("setup", "--yes", "--no-autostart"))

    assert found["Krita"] == found["GIMP"] == ("skipped", "not found")
    assert found["start at login"] == ("skipped", "--no-autostart")
    assert found["daemon"][0] == "done"
    required = lacuna("setup", "--yes", "--krita")
    assert (required.returncode, rows(required)["Krita"][0]) == (1, "failed")


def test_what_fails_is_a_line_and_the_rest_is_done(lacuna, home, krita):
    (home / ".config").mkdir()
    (home / ".config/kritarc").write_bytes(b"\0\0\0")
    done = lacuna("setup", "--yes")

    assert done.returncode == 1
    state, note = rows(done)["Krita"]
    assert (state, "zero bytes" in note) == ("failed", True)
    assert [rows(done)[what][0] for what in ("GIMP 3.0", "daemon")] == ["done", "done"]
    assert not krita.exists()


def test_newer_plugin_is_refused_by_setup_and_named_by_doctor(lacuna, krita):
    lacuna("setup", "--yes", "--no-autostart", "--no-gimp")
    (krita / MARK).write_text("99.0.0")
    refused, doctor = lacuna("setup", "--yes", "--no-gimp"), lacuna("doctor", "--json")

    assert refused.returncode == doctor.returncode == 1
    assert "99.0.0, newer" in rows(refused)["Krita"][1]
    assert checks(doctor)["Krita"]["mend"] == "pip install --upgrade lacuna-inpaint"


def test_doctor_names_what_is_broken_and_its_command_mends_it(lacuna, home, krita):
    lacuna("setup", "--yes")
    (home / ".config/kritarc").write_text("[python]\nenable_lacuna_krita=false\n")
    (home / ".config/GIMP/3.0/plug-ins/lacuna-gimp/lacuna-gimp.py").chmod(0o644)
    (home / ".config/autostart/lacuna.desktop").write_text("[Desktop Entry]\nExec=old\n")
    doctor = lacuna("doctor", "--json")

    assert doctor.returncode == 1
    broken = {name: check for name, check in checks(doctor).items() if check["state"] == "broken"}
    assert set(broken) == {"Krita", "GIMP 3.0", "start at login"}
    assert {check["mend"] for check in broken.values()} == {"lacuna setup"}
    assert "not enabled in kritarc" in broken["Krita"]["found"]
    assert "not executable" in broken["GIMP 3.0"]["found"]
    assert lacuna("setup", "--yes").returncode == 0
    assert lacuna("doctor").returncode == 0


def test_doctor_does_not_trust_a_token_that_others_can_read(lacuna, home):
    lacuna("setup", "--yes", "--no-autostart")
    endpoint = home / ".local/state/lacuna/endpoint.json"
    endpoint.chmod(0o644)
    doctor = lacuna("doctor", "--json")
    endpoint.chmod(0o600)

    assert doctor.returncode == 1
    found = checks(doctor)["endpoint.json"]
    assert "open to other users" in found["found"]
    assert found["mend"].startswith("rm ")
    assert "test fill" not in checks(doctor)


def test_full_disk_fails_line_by_line_and_leaves_no_half_of_a_plugin(lacuna, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a tmpfs here")
    try:
        (disk / "filler").write_bytes(bytes(60_000))
        lacuna.env["HOME"] = str(disk)
        done = lacuna("setup", "--yes")
        names = tree(disk)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)

    assert done.returncode == 1
    for editor in ("Krita", "GIMP 3.0"):
        state, note = rows(done)[editor]
        assert (state, "No space left on device" in note) == ("failed", True)
    assert not [name for name in names if "krita" in name or "gimp" in name.lower()]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a home away")
def test_home_of_somebody_else_is_refused_as_a_whole(lacuna, home):
    os.chown(home, 12345, -1)
    refused = lacuna("setup", "--yes")

    assert refused.returncode == 2
    assert "without sudo" in refused.stderr
    assert tree(home) == {}


def test_what_starts_at_login_is_a_light_process_that_sleeps(lacuna, home):
    """The entry's own line, run as a login does: at most 60 MB, and no more than a pulse."""
    lacuna("setup", "--yes", "--no-krita", "--no-gimp")
    lacuna("stop")
    entry = (home / ".config/autostart/lacuna.desktop").read_text()
    line = next(line for line in entry.splitlines() if line.startswith("Exec="))
    process = subprocess.Popen(["/bin/sh", "-c", f"exec {line[5:]}"], env=lacuna.env, cwd=home)
    try:
        while lacuna("status").returncode:
            assert process.poll() is None
        if sys.platform != "linux":
            return
        status = Path(f"/proc/{process.pid}/status").read_text()
        resident_kib = int(re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)[1])
        assert resident_kib * 1024 <= 60_000_000
        before = cpu_ticks(process.pid)
        time.sleep(1)
        assert cpu_ticks(process.pid) - before <= 5  # of 100 in a second
    finally:
        process.terminate()
        process.wait(SAFETY_S)


def cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
