"""`lacuna doctor` names what is broken, with the command that repairs it."""

import base64
import hashlib
import importlib.metadata
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from lacuna.commands.doctor import examine
from lacuna.commands.service import end_daemon
from lacuna.commands.setup import COMMAND
from lacuna.network.catalogue import SHIPPED, find_weights
from lacuna_wire.endpoint import start_daemon
from tests.commands.conftest import MARK, InProcess, checks, kept_variables, only, rows

SAFETY_S = 60


@pytest.fixture(scope="module")
def daemon_state(tmp_path_factory):
    """State folder of a daemon that no test harms, so that its network is loaded once."""
    folder = tmp_path_factory.mktemp("daemon")
    state = folder / "state"
    env = {**kept_variables(), "HOME": str(folder), "LACUNA_STATE_DIR": str(state)}
    with only(env):
        endpoint = start_daemon(list(COMMAND), SAFETY_S)
    yield state
    with only(env):
        end_daemon(endpoint)


@pytest.fixture
def beside(env, daemon_state, capsys):
    """Commands that find a daemon running; it outlives the test."""
    return InProcess({**env, "LACUNA_STATE_DIR": str(daemon_state)}, capsys)


@pytest.mark.parametrize(("flipped", "state"), [(False, "ok"), (True, "broken")])
def test_shipped_weights_that_changed_since_they_were_installed_are_broken(
    monkeypatch, flipped, state
):
    path = find_weights(SHIPPED).path
    content = path.read_bytes() + b"x" * flipped  # what pip wrote down, not what is there
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    packed = SimpleNamespace(name=path.name, hash=SimpleNamespace(mode="sha256", value=digest))
    monkeypatch.setattr(importlib.metadata, "files", lambda _name: [packed])

    check = next(check for check in examine() if check.name == f"weights {SHIPPED}")

    assert check.state == state
    assert ("--force-reinstall" in check.mend) == flipped


def test_doctor_says_in_which_precision_weights_fill(monkeypatch, tmp_path):
    from lacuna.commands.doctor import _weights
    from lacuna.network.checkpoints import import_weights
    from lacuna.network.difference import Difference
    from lacuna.network.index import record_difference

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    import_weights(find_weights(SHIPPED).path, "mine")
    record_difference("mine", "RTX", Difference(2.5, 16.0))

    check = next(check for check in _weights() if check.name == "weights mine")

    assert check.state == "ok"
    said = "in bfloat16 fills differ by 2.50 of 255 on average and 16.0 at most."
    assert check.found.endswith(f"On RTX it fills in float32: {said}")


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("big-lama", "lacuna weights fetch big-lama"),
        ("mine", "lacuna weights import FILE --name mine"),
    ],
)
def test_damaged_weights_are_mended_by_what_brought_them(name, mend, monkeypatch, tmp_path):
    from lacuna.commands.doctor import _weights
    from lacuna.network.checkpoints import import_weights

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    import_weights(find_weights(SHIPPED).path, name).path.write_bytes(b"damaged")

    check = next(check for check in _weights() if check.name == f"weights {name}")

    assert (check.state, check.mend) == ("broken", mend)


def test_newer_plugin_is_refused_by_setup_and_named_by_doctor(beside, krita):
    beside("setup", "--yes", "--no-autostart", "--no-gimp")
    (krita / MARK).write_text("99.0.0")
    refused, doctor = beside("setup", "--yes", "--no-gimp"), beside("doctor", "--json")

    assert refused.returncode == doctor.returncode == 1
    assert "99.0.0, which is newer" in rows(refused)["Krita"][1]
    assert checks(doctor)["Krita"]["mend"] == "pip install --upgrade lacuna-inpaint"


def test_doctor_names_what_is_broken_and_its_command_mends_it(beside, user_home, krita):
    beside("setup", "--yes")
    (user_home / ".config/kritarc").write_text("[python]\nenable_lacuna_krita=false\n")
    (user_home / ".config/GIMP/3.0/plug-ins/lacuna-gimp/lacuna-gimp.py").chmod(0o644)
    (user_home / ".config/autostart/lacuna.desktop").write_text("[Desktop Entry]\nExec=old\n")
    doctor = beside("doctor", "--json")

    assert doctor.returncode == 1
    broken = {name: check for name, check in checks(doctor).items() if check["state"] == "broken"}
    assert set(broken) == {"Krita", "GIMP 3.0", "start at login"}
    program = Path(sys.executable).with_name("lacuna")  # no terminal finds it before the next login
    assert {check["mend"] for check in broken.values()} == {f"{program} setup"}
    assert "not enabled in kritarc" in broken["Krita"]["found"]
    assert "not executable" in broken["GIMP 3.0"]["found"]
    assert beside("setup", "--yes").returncode == 0
    assert beside("doctor").returncode == 0


def test_doctor_does_not_trust_a_token_that_others_can_read(beside, daemon_state):
    (daemon_state / "endpoint.json").chmod(0o644)
    doctor = beside("doctor", "--json")
    (daemon_state / "endpoint.json").chmod(0o600)

    assert doctor.returncode == 1
    found = checks(doctor)["endpoint.json"]
    assert "open to other users" in found["found"]
    assert found["mend"].startswith("rm ")
    assert "test fill" not in checks(doctor)


def test_doctor_says_how_the_command_is_found_and_types_it_so(beside, tmp_path):
    program = Path(sys.executable).with_name("lacuna")
    missing = checks(beside("doctor", "--json"))["command"]
    assert missing == {
        "name": "command", "state": "note", "mend": f"{program} setup",
        "found": f"Terminals do not find it. Type {program}.",
    }  # fmt: skip

    (tmp_path / "bin" / "lacuna").symlink_to(program)
    found = checks(beside("doctor", "--json"))
    assert found["command"]["state"] == "ok"
    assert found["start at login"]["mend"] == "lacuna setup"
