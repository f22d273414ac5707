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
from tests.commands.conftest import MARK, checks, rows
from tests.desktop.homes import tree
from tests.service.conftest import eventually

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
SAFETY_S = 60
PROGRAM = Path(sys.executable).with_name("lacuna")
LOG_IN = "Terminals find it after your next login."


def test_everything_is_set_up_looked_at_kept_and_taken_back(program, user_home, krita):
    done = program("setup", "--yes")
    assert done.returncode == 0, done.stderr
    states = {what: state for what, (state, _note) in rows(done).items()}
    parts = ("Krita", "GIMP 3.0", "start at login", "command", "menu", "patch search", "daemon")
    assert states == dict.fromkeys(parts, "done")
    assert (user_home / ".config/kritarc").read_text() == "[python]\nenable_lacuna_krita=true\n"
    assert (krita / MARK).read_text().strip() == __version__
    assert os.access(user_home / ".config/GIMP/3.0/plug-ins/lacuna-gimp/lacuna-gimp.py", os.X_OK)
    link = user_home / ".local/bin/lacuna"
    assert rows(done)["command"][1] == f"{link} leads to {PROGRAM}. {LOG_IN}"
    version = subprocess.run([link, "--version"], capture_output=True, text=True, check=True)
    assert __version__ in version.stdout

    doctor = program("doctor", "--json")
    assert (doctor.returncode, json.loads(doctor.stdout)["ok"]) == (0, True), doctor.stdout
    assert {check["state"] for check in checks(doctor).values()} == {"ok"}
    assert checks(doctor)["test fill"]["found"].startswith("16 x 16 px in ")
    endpoint = json.loads((user_home / ".local/state/lacuna/endpoint.json").read_text())
    assert endpoint["token"] not in doctor.stdout + doctor.stderr + program("doctor").stdout

    again = rows(program("setup", "--yes"))
    assert [again[part][0] for part in parts[:5]] == ["kept"] * 5
    assert again["daemon"][1] == f"Process {endpoint['pid']} is already running."

    weights = user_home / ".local/share/lacuna/weights"
    weights.mkdir(parents=True)
    alone = rows(program("uninstall", "--dry-run", "--no-krita", "--no-gimp"))
    assert set(alone) & {"Krita", "GIMP 3.0", "daemon"} == {"daemon"}
    removed = program("uninstall", "--yes")
    assert removed.returncode == 0, removed.stderr
    assert rows(removed)["weights"][0] == "kept"
    assert {name for name in tree(user_home) if "weights" not in name} <= {
        ".local", ".local/share", ".local/share/lacuna"
    }  # fmt: skip
    assert program("uninstall", "--yes", "--purge").returncode == 0
    assert tree(user_home) == {}


def test_command_of_somebody_else_is_left_alone_and_the_path_to_type_is_said(
    in_process, user_home, tmp_path
):
    others = user_home / ".local/bin/lacuna"
    others.parent.mkdir(parents=True)
    others.write_text("#!/bin/sh\n")
    only_daemon = ("--yes", "--no-krita", "--no-gimp", "--no-autostart")
    done = in_process("setup", *only_daemon)
    assert done.returncode == 0, done.stdout
    assert rows(done)["command"] == (
        "skipped", f"{others} is another program. Type {PROGRAM}."
    )  # fmt: skip
    assert rows(in_process("uninstall", "--yes"))["command"][0] == "skipped"
    assert others.read_text() == "#!/bin/sh\n"

    others.unlink()
    refused = rows(in_process("setup", *only_daemon, "--no-link"))["command"]
    assert refused == ("skipped", f"Left out by --no-link. Type {PROGRAM}.")
    (tmp_path / "bin" / "lacuna").symlink_to(PROGRAM)  # a terminal finds it already
    kept = rows(in_process("setup", *only_daemon))["command"]
    assert kept == ("kept", f"{tmp_path / 'bin' / 'lacuna'} starts this Lacuna.")
    assert not os.path.lexists(others)


def test_page_is_in_the_menu_unless_it_is_not_wanted(in_process, user_home):
    only_menu = ("setup", "--yes", "--no-krita", "--no-gimp", "--no-autostart", "--no-link")
    entry = user_home / ".local/share/applications/lacuna.desktop"
    assert rows(in_process(*only_menu))["menu"] == ("done", f"{entry} opens the page.")
    assert '"-m" "lacuna" "page"' in entry.read_text()
    assert rows(in_process(*only_menu))["menu"][0] == "kept"
    entry.write_text(entry.read_text().replace("Exec=", "Exec=/old/"))
    assert checks(in_process("doctor", "--json"))["menu"]["state"] == "broken"

    assert rows(in_process(*only_menu, "--no-menu"))["menu"][0] == "done"
    assert not entry.exists()
    assert checks(in_process("doctor", "--json"))["menu"]["state"] == "note"
    assert rows(in_process(*only_menu, "--no-menu"))["menu"][0] == "skipped"


def test_systemd_starts_the_daemon_where_it_manages_the_session(in_process, user_home, tmp_path):
    systemctl = tmp_path / "bin" / "systemctl"
    systemctl.write_text(SYSTEMCTL)
    systemctl.chmod(0o755)
    (tmp_path / "run/systemd/private").mkdir(parents=True)
    in_process.env["XDG_RUNTIME_DIR"] = str(tmp_path / "run")

    done = in_process("setup", "--yes", "--no-krita", "--no-gimp")
    assert done.returncode == 0, done.stdout
    assert rows(done)["start at login"][1].endswith(" is a systemd user unit.")
    asked = (tmp_path / "bin" / "asked").read_text().splitlines()
    assert asked == ["--user daemon-reload", "--user restart lacuna.service"]
    assert checks(in_process("doctor", "--json"))["start at login"]["state"] == "ok"
    assert in_process("uninstall", "--yes").returncode == 0
    assert tree(user_home) == {}


def test_systemd_that_refuses_is_a_line_with_its_reason(in_process, user_home, tmp_path):
    systemctl = tmp_path / "bin" / "systemctl"
    systemctl.write_text("#!/bin/sh\necho 'Access denied' >&2; exit 4\n")
    systemctl.chmod(0o755)
    (tmp_path / "run/systemd/private").mkdir(parents=True)
    in_process.env["XDG_RUNTIME_DIR"] = str(tmp_path / "run")
    done = in_process("setup", "--yes", "--no-krita", "--no-gimp")

    assert done.returncode == 1
    reason = "`systemctl --user daemon-reload` failed: Access denied."
    assert rows(done)["start at login"] == ("failed", reason)
    assert rows(done)["daemon"][0] == "done"
    assert not (user_home / ".config").exists()


def test_daemon_of_another_installation_is_replaced(in_process, user_home):
    first = rows(in_process("setup", "--yes", "--no-krita", "--no-gimp"))["daemon"][1]
    launch = user_home / ".local/state/lacuna/launch.json"
    ours = launch.read_text()
    said = [first]
    for damage in ({"command": ["/old/python", "-m", "lacuna", "serve"]}, {"command": []}):
        launch.write_text(json.dumps(damage))
        said.append(rows(in_process("setup", "--yes", "--no-krita", "--no-gimp"))["daemon"][1])

        assert said[-1].endswith(f" is running, version {__version__}.")
        assert said[-1] != said[-2]
        assert launch.read_text() == ours


def test_dry_run_writes_nothing(in_process, user_home):
    plan = in_process("setup", "--dry-run")

    assert plan.returncode == 0
    assert {state for state, _note in rows(plan).values()} == {"planned"}
    assert tree(user_home) == {}


def test_nobody_to_ask_is_a_refusal_before_anything_is_done(env, user_home):
    refused = subprocess.run(
        [sys.executable, "-m", "lacuna", "setup"],
        env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SAFETY_S,
    )  # fmt: skip

    assert refused.returncode == 2
    assert "Add --yes" in refused.stderr
    assert tree(user_home) == {}


def test_no_editors_at_all_still_gives_a_daemon(in_process, user_home):
    in_process.env["PATH"] = "/nowhere"
    found = rows(in_process("setup", "--yes", "--no-autostart"))

    assert found["Krita"] == found["GIMP"] == ("skipped", "Not found.")
    assert found["start at login"] == ("skipped", "Left out by --no-autostart.")
    assert found["daemon"][0] == "done"
    required = in_process("setup", "--yes", "--krita")
    assert (required.returncode, rows(required)["Krita"][0]) == (1, "failed")


def test_what_fails_is_a_line_and_the_rest_is_done(in_process, user_home, krita):
    (user_home / ".config").mkdir()
    (user_home / ".config/kritarc").write_bytes(b"\0\0\0")
    done = in_process("setup", "--yes")

    assert done.returncode == 1
    state, note = rows(done)["Krita"]
    assert (state, "zero bytes" in note) == ("failed", True)
    assert [rows(done)[what][0] for what in ("GIMP 3.0", "daemon")] == ["done", "done"]
    assert not krita.exists()


def test_full_disk_fails_line_by_line_and_leaves_no_half_of_a_plugin(in_process, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a tmpfs here")
    try:
        (disk / "filler").write_bytes(bytes(60_000))
        in_process.env["HOME"] = str(disk)
        done = in_process("setup", "--yes")
        names = tree(disk)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)

    assert done.returncode == 1
    for editor in ("Krita", "GIMP 3.0"):
        state, note = rows(done)[editor]
        assert (state, "No space left on device" in note) == ("failed", True)
    assert not [name for name in names if "krita" in name or "gimp" in name.lower()]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a home away")
def test_home_of_somebody_else_is_refused_as_a_whole(in_process, user_home):
    os.chown(user_home, 12345, -1)
    refused = in_process("setup", "--yes")

    assert refused.returncode == 2
    assert "without sudo" in refused.stderr
    assert tree(user_home) == {}


def test_what_starts_at_login_is_a_light_process_that_sleeps(in_process, user_home):
    """The entry's own line, run as a login does: at most 60 MB, and no more than a pulse."""
    in_process("setup", "--yes", "--no-krita", "--no-gimp")
    in_process("stop")
    entry = (user_home / ".config/autostart/lacuna.desktop").read_text()
    line = next(line for line in entry.splitlines() if line.startswith("Exec="))
    process = subprocess.Popen(
        ["/bin/sh", "-c", f"exec {line[5:]}"], env=in_process.env, cwd=user_home
    )
    try:
        eventually(lambda: process.poll() is not None or in_process("status").returncode == 0)
        assert process.poll() is None
        if sys.platform != "linux":
            return
        status = Path(f"/proc/{process.pid}/status").read_text()
        resident_kib = int(re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)[1])
        assert resident_kib * 1024 <= 60_000_000
        before = cpu_ticks(process.pid)
        time.sleep(1)  # the second in which it may do next to nothing
        assert cpu_ticks(process.pid) - before <= 5  # of 100
    finally:
        process.terminate()
        process.wait(SAFETY_S)


def cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
