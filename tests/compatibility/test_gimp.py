"""The plug-in of 0.1.0 fills through this daemon; this plug-in says what a daemon of 0.1.0 is.

A real GIMP, real daemons with the real network, and nothing between them but a socket.
"""

import json

import numpy as np
import pytest

from lacuna_wire import PixelLayout, Rect
from tests.compatibility.programs import check_vendored, install_plugin, introduce
from tests.editors.fills import ROUNDING, engine_fill
from tests.editors.gimp.rooms import new_room, reason_to_skip

pytestmark = [
    pytest.mark.timeout(300),  # each program compiles its kernels first
    pytest.mark.skipif(bool(reason_to_skip()), reason=reason_to_skip() or "GIMP is here"),
]
LAYOUT = PixelLayout("RGBA", "u8", "srgb")


def one_fill(programs, states, folder, plugin, daemon):
    """What GIMP reports of one click with a plug-in and a daemon of these versions."""
    from skimage import data, io

    room = new_room(folder)
    plug_ins = room.folder / "config" / "plug-ins"
    target = plug_ins / "lacuna-gimp"
    install_plugin(programs[plugin], "gimp", "gimp_plugin/lacuna-gimp", target)
    check_vendored(programs[plugin], target)
    io.imsave(room.folder / "photo.png", data.rocket(), check_contrast=False)
    introduce(states[daemon], room.state)
    room.gimp("one_fill.py")
    facts = json.loads((room.folder / "report.json").read_text())["one"]
    return {**facts, "folder": room.folder}


@pytest.fixture(scope="module")
def fill(programs, states, tmp_path_factory):
    """What the plug-in of 0.1.0 makes of one click with this daemon."""
    made = one_fill(programs, states, tmp_path_factory.mktemp("gimp"), "0.1.0", "present")
    assert made["error"] is None, made["error"]
    return made


def test_daemon_of_0_1_0_is_one_sentence_in_this_plug_in(programs, states, tmp_path):
    made = one_fill(programs, states, tmp_path, "present", "0.1.0")

    for said in ("version 0.1.0", "protocol 1", "protocol 2", "`lacuna setup`"):
        assert said in made["error"]


def samples(fill, what, rect, channels):
    data = np.frombuffer((fill["folder"] / f"one.{what}.raw").read_bytes(), np.uint8)
    return data.reshape(rect.height, rect.width, channels)


@pytest.fixture
def source(fill):
    rect = Rect(*fill["source"])
    return samples(fill, "before", rect, 4), samples(fill, "selection", rect, 1)[..., 0]


def test_new_layer_lies_above_its_source_which_is_untouched(fill, source):
    assert fill["layers_more"] == 1
    assert fill["above"]
    assert fill["still_active"]
    np.testing.assert_array_equal(samples(fill, "after", Rect(*fill["source"]), 4), source[0])


def test_alpha_of_the_new_layer_is_the_selection(fill, source):
    rect = Rect(*fill["place"])
    _, selection = source
    outside = selection.copy()
    outside[rect.slices] = 0

    np.testing.assert_array_equal(samples(fill, "fill", rect, 4)[..., 3], selection[rect.slices])
    assert not outside.any()


def test_fill_is_made_from_what_is_around_the_selection(fill, source):
    rect = Rect(*fill["place"])
    before, selection = source
    filled = samples(fill, "fill", rect, 4)
    around = before[rect.grow(40).slices].astype(int)

    for channel in range(3):
        seen = filled[..., channel][selection[rect.slices] > 0].astype(int)
        assert seen.min() > around[..., channel].min() - 20
        assert seen.max() < around[..., channel].max() + 20
    assert not np.array_equal(filled[..., :3], before[rect.slices][..., :3])


def test_fill_of_this_daemon_is_what_the_engine_gives(fill, source):
    rect, expected = engine_fill(*source, LAYOUT, grow=0)  # 0.1.0 looks for no edge

    assert rect == Rect(*fill["place"])
    filled = samples(fill, "fill", rect, 4)
    seen = expected[..., 3] > 0
    assert np.abs(filled.astype(int) - expected)[seen].max() <= ROUNDING["u8"]
