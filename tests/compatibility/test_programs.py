"""A client of 0.1.0 fills through this daemon; this client tells a daemon of 0.1.0 from its own."""

import json
import uuid
from pathlib import Path

import numpy as np
import pytest

from lacuna_wire import JobRequest, Options, PixelLayout, Rect
from lacuna_wire.client import Client, connect
from lacuna_wire.editor import EditorSettings
from lacuna_wire.endpoint import Endpoint
from lacuna_wire.errors import ProtocolMismatch
from lacuna_wire.questions import estimated_s, offered_weights

WIDTH, HEIGHT = 200, 150
OBJECT = Rect(80, 60, 40, 30)
FILL = Path(__file__).with_name("one_fill.py")
PAIRS = [("0.1.0", "present"), ("present", "present")]


pytestmark = pytest.mark.timeout(300)  # each program compiles its kernels first


@pytest.fixture(scope="module")
def picture():
    """A soft grey picture (H, W, 4) of uint8 with a red object, and its selection (H, W)."""
    dice = np.random.default_rng(3)
    samples = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    grey = 90 + np.mgrid[0:HEIGHT, 0:WIDTH].sum(0) // 4 + dice.integers(0, 8, (HEIGHT, WIDTH))
    samples[..., :3] = grey[..., None]
    samples[OBJECT.grow(-2).slices] = (255, 0, 0, 255)
    selection = np.zeros((HEIGHT, WIDTH), np.uint8)
    selection[OBJECT.slices] = 255
    return samples, selection


@pytest.fixture(scope="module")
def fills(programs, states, picture, tmp_path_factory):
    """What each pair of client and daemon makes: where it lies, its samples, the states seen."""
    made = {}
    for client, daemon in PAIRS:
        folder = tmp_path_factory.mktemp("fill")
        for name, plane in zip(("pixels", "selection"), picture, strict=True):
            (folder / name).write_bytes(plane.tobytes())
        options = Options(device="cpu", feather=2)
        request = JobRequest(str(uuid.uuid4()), WIDTH, HEIGHT, OBJECT, PixelLayout(), options)
        (folder / "asked").write_text(json.dumps(request.as_dict()))
        arguments = (str(folder / "asked"), str(folder / "filled"))
        told = json.loads(programs[client].run(FILL, states[daemon], *arguments))
        rect = Rect(*told["rect"])
        samples = np.fromfile(folder / "filled", np.uint8)
        made[client, daemon] = rect, samples.reshape(rect.height, rect.width, 4), told["states"]
    return made


every_pair = pytest.mark.parametrize("pair", PAIRS, ids=" to ".join)


def test_each_version_runs_its_own_code(programs):
    for name, program in programs.items():
        for module in ("lacuna", "lacuna_wire"):
            assert program.says(f"{module}.__file__").startswith(str(program.folder)), name
    assert programs["0.1.0"].says("lacuna.__version__") == "0.1.0"


@every_pair
def test_object_is_gone_from_every_pixel_that_was_selected(fills, picture, pair):
    rect, filled, states = fills[pair]
    samples, selection = picture

    assert states[-1] == "done"
    assert rect.contains(OBJECT)
    assert (filled[selection[rect.slices] == 0, 3] == 0).all()
    seen = filled[filled[..., 3] > 0].astype(int)
    assert len(seen) > OBJECT.area / 2
    ground = samples[selection == 0].astype(int)
    assert np.ptp(seen[:, :3], axis=1).max() < 40  # grey; the object's red differs by 255
    assert seen[:, :3].min() > ground[:, :3].min() - 20
    assert seen[:, :3].max() < ground[:, :3].max() + 20


def test_age_of_the_client_does_not_change_a_pixel(fills):
    old, new = fills["0.1.0", "present"], fills["present", "present"]

    assert old[0] == new[0]
    np.testing.assert_array_equal(old[1], new[1])


def test_daemon_describes_itself_to_this_client(states):
    fields = json.loads((states["present"] / "endpoint.json").read_text())
    facts = Client(Endpoint(**fields)).status()

    assert facts["pid"] == fields["pid"]
    assert facts["protocol"] == 2


def test_daemon_of_0_1_0_is_told_apart_by_one_sentence_and_asked_nothing(states, monkeypatch):
    """It takes tokens only, and this client sends none."""
    monkeypatch.setenv("LACUNA_STATE_DIR", str(states["0.1.0"]))
    with pytest.raises(ProtocolMismatch, match=r"version 0\.1\.0.* protocol 1.* `lacuna setup`"):
        connect()

    assert estimated_s((WIDTH, HEIGHT), OBJECT, EditorSettings()) is None
    assert offered_weights() == []


@pytest.mark.parametrize(
    ("program", "daemon"), [("0.1.0", "present"), ("present", "0.1.0")], ids=["old", "new"]
)
def test_command_of_one_age_ends_the_daemon_of_the_other(programs, program, daemon, tmp_path):
    process = programs[daemon].serve(tmp_path)
    command = tmp_path / "command.py"
    command.write_text("from lacuna.cli import main; main()")
    try:
        if program == "0.1.0":
            shown = programs[program].run(command, tmp_path, "status")
            assert f"process {process.pid}" in shown
            assert "0 of 4" in shown
        programs[program].run(command, tmp_path, "stop")
        code = process.wait(20)
    finally:
        process.kill()

    assert code == 0
