"""Where fills go: the picture looks like its layer with the pixels replaced, in a real GIMP.

The daemon inverts what is selected and keeps its alpha, so what has to be seen is known exactly.
"""

import random
from pathlib import Path

import numpy as np
import pytest

from lacuna_wire.private_files import write_private
from tests.editors.daemons import HeldDaemon
from tests.editors.gimp.consoles import copy_inside
from tests.editors.gimp.pictures import HEIGHT, TOWER, WIDTH, save_tower
from tests.editors.gimp.rooms import new_room
from tests.editors.gimp.screens import Screen
from tests.service.conftest import eventually

# Kind of the layer -> where its fill goes, and what the user asked for.
KINDS = {
    "photograph": ("layer", "auto"),
    "16 bit": ("layer", "auto"),
    "gray": ("layer", "auto"),
    "moved": ("layer", "auto"),
    "in a group": ("layer", "auto"),
    "group": ("copy", "auto"),
    "mask beside it": ("layer", "auto"),
    "mask over it": ("copy", "auto"),
    "opacity": ("copy", "auto"),
    "multiply": ("copy", "auto"),
    "cut-out": ("copy", "copy"),
    "strip": ("copy", "copy"),
}


@pytest.fixture(scope="module")
def gimp(tmp_path_factory):
    """A GIMP with a window, which alone can undo, and a daemon that inverts what is selected."""
    room = new_room(tmp_path_factory.mktemp("placing"), all_plugins=False)
    save_tower(room.folder)
    copy_inside(room)
    held = HeldDaemon(room.folder / "held")
    room.state.mkdir(mode=0o700)
    write_private(room.state / "endpoint.json", held.endpoint._asdict())
    gimp = Screen(room, "tower.png")
    gimp.run(Path(__file__).with_name("kinds.py").read_text("utf-8"))
    yield gimp
    gimp.close()
    held.stop()


def opened(gimp, kind):
    gimp.run("prepare(kind); show(); None", kind=kind)


def look(gimp, dtype=np.uint8, code="seen()", **values):
    """The picture as it is seen: int64 (H, W, C)."""
    return np.frombuffer(gimp.run(code, **values), dtype).reshape(HEIGHT, WIDTH, -1).astype(int)


def press(gimp, keys, picture, dtype=np.uint8):
    """Press a key for undo or redo, and wait until this is seen."""
    gimp.focus()
    gimp.xdotool(f"key {keys}")
    eventually(lambda: np.array_equal(look(gimp, dtype), picture))


@pytest.mark.parametrize("kind", KINDS)
def test_filled_layer_looks_like_the_layer_with_its_pixels_replaced(gimp, kind):
    kept, destination = KINDS[kind]
    dtype = np.uint16 if kind == "16 bit" else np.uint8
    opened(gimp, kind)
    names, before = gimp.run("names()"), look(gimp, dtype)
    wanted = look(gimp, dtype, "inverted(*rect)", rect=TOWER)
    assert np.abs(wanted - before).max() > 20

    assert gimp.run("fill(destination=destination)", destination=destination) is None

    after = look(gimp, dtype)
    assert np.abs(after - wanted).max() <= 1
    outside = np.ones((HEIGHT, WIDTH), bool)
    left, top, width, height = TOWER
    outside[top : top + height, left : left + width] = False
    assert np.array_equal(after[outside], before[outside])
    assert gimp.run("chosen.get_visible()") == (kept == "layer")
    press(gimp, "ctrl+z", before, dtype)
    assert gimp.run("names()") == names


def test_twenty_fills_build_on_each_other_through_undo_redo_and_saving(gimp):
    chance = random.Random(7)
    opened(gimp, "photograph")
    now = look(gimp)
    past, future = [], []
    for number in range(20):
        rect = (
            chance.randrange(20, 100), chance.randrange(20, 70),
            chance.randrange(10, 60), chance.randrange(10, 50),
        )  # fmt: skip
        destination = chance.choice(["layer", "layer", "auto", "auto", "into", "copy"])
        refused = gimp.run(
            "select(*rect); fill(destination=destination)", rect=rect, destination=destination
        )
        assert refused is None, (number, destination)
        past.append(now)
        future = []
        now = now.copy()
        part = now[rect[1] : rect[1] + rect[3], rect[0] : rect[0] + rect[2], :3]
        part[:] = 255 - part
        assert np.array_equal(look(gimp), now), (number, destination, gimp.run("names()"))
        for _ in range(chance.randrange(3)):
            back = not future or chance.random() < 0.4
            here, there = (past, future) if back else (future, past)
            for _ in range(min(chance.randrange(1, 3), len(here))):
                there.append(now)
                now = here.pop()
                press(gimp, "ctrl+z" if back else "ctrl+y", now)
        if number == 9:
            gimp.run("image = saved_and_loaded(); show()")
            past, future = [], []
            assert np.array_equal(look(gimp), now)
    for earlier in reversed(past):
        press(gimp, "ctrl+z", earlier)


@pytest.mark.parametrize("first", ["auto", "into", "copy"])
def test_another_try_stands_in_the_place_of_the_last_in_one_step(gimp, first):
    opened(gimp, "photograph")
    before = look(gimp)
    assert gimp.run("fill(destination=first)", first=first) is None
    once, facts, names = look(gimp), gimp.run("made()"), gimp.run("names()")

    assert gimp.run("fill('try-another')") is None

    assert np.array_equal(look(gimp), once)
    assert gimp.run("made()") == [[name, number, 1] for name, number, _variation in facts]
    assert gimp.run("names()") == names
    for second in sorted({"auto", "into", "copy"} - {first}):
        assert gimp.run("fill('fill-again', destination=second)", second=second) is None
        assert np.array_equal(look(gimp), once), second
        gimp.focus()
        gimp.xdotool("key ctrl+z")
        eventually(lambda: [variation for *_, variation in gimp.run("made()")] == [1])
        assert np.array_equal(look(gimp), once)
        assert gimp.run("names()") == names
    gimp.focus()
    gimp.xdotool("key ctrl+z")
    eventually(lambda: gimp.run("made()") == facts)
    press(gimp, "ctrl+z", before)
    assert gimp.run("names()") == ["it", "ramp"]


def test_strokes_fill_what_is_below_and_are_gone_in_the_same_step(gimp):
    opened(gimp, "photograph")
    wanted = look(gimp, code="inverted(*rect)", rect=TOWER)
    gimp.run("paint(*rect)", rect=TOWER)
    before = look(gimp)

    assert gimp.run("fill('inpaint-strokes')") is None

    assert gimp.run("names()") == ["Inpaint 1", "it", "ramp"]
    assert np.array_equal(look(gimp), wanted)
    press(gimp, "ctrl+z", before)
    assert gimp.run("names()") == ["strokes", "it", "ramp"]
    press(gimp, "ctrl+y", wanted)


def test_quick_mask_says_what_is_filled(gimp):
    opened(gimp, "photograph")
    wanted = look(gimp, code="inverted(*rect)", rect=TOWER)
    gimp.focus()
    gimp.xdotool("key shift+q")
    eventually(lambda: gimp.run("[each.get_name() for each in image.get_channels()]"))

    assert gimp.run("fill()") is None

    assert gimp.run("image.get_selected_channels()[0].get_name()") == "Qmask"
    gimp.focus()
    gimp.xdotool("key shift+q")
    eventually(lambda: not gimp.run("len(image.get_channels())"))
    assert np.array_equal(look(gimp), wanted)


def test_tint_of_a_channel_that_is_shown_is_no_part_of_the_picture(gimp):
    gimp.run("prepare('photograph'); add_channel('shown', *rect)", rect=TOWER)
    wanted = look(gimp, code="inverted(*rect)", rect=TOWER)
    gimp.run("image.get_channels()[0].set_visible(True)")

    assert gimp.run("fill(source='visible')") is None

    assert gimp.run("image.get_channels()[0].get_visible()")
    gimp.run("image.get_channels()[0].set_visible(False)")
    assert np.array_equal(look(gimp), wanted)


# What the user does after a fill -> what another try answers; without a sentence, it stands where
# the fill was made.
MEANWHILE = {
    "image.merge_down(layer('Inpaint 1'), Gimp.MergeType.CLIP_TO_IMAGE)": "No fill of this image",
    "image.remove_layer(layer('Inpaint 1'))": "No fill of this image",
    "it.scale(210, 150, False)": "What “Inpaint 1” fills has another size now",
    "image.remove_layer(it)": "The layer that “Inpaint 1” fills is no longer in this image",
    "layer('Inpaint 1').set_offsets(60, 20)": None,
    "layer('Inpaint 1').scale(80, 20, False)": None,
    "layer('Inpaint 1').set_name('another')": None,
    "layer('Inpaint 1').set_visible(False)": None,
    "put(layer('Inpaint 1'), (9, 9, 20, 20), bytes([255, 0, 0, 255]) * 400, encoding)": None,
}
TOUCHED = (70, 60, 40, 40)


@pytest.mark.parametrize("change", MEANWHILE)
def test_fill_that_was_changed_meanwhile_is_filled_as_it_looks_or_made_anew(gimp, change):
    gimp.run("prepare('photograph')")
    assert gimp.run("fill()") is None
    once = look(gimp)
    gimp.run(f"{change}; image.set_selected_layers([image.get_layers()[-2]])")
    now, names = look(gimp), gimp.run("names()")

    refused = gimp.run("fill('try-another')")

    if MEANWHILE[change]:
        assert refused.startswith(MEANWHILE[change])
        assert refused.endswith(".")
        assert np.array_equal(look(gimp), now)
        assert gimp.run("names()") == names
    else:
        assert refused is None
        assert np.array_equal(look(gimp), once)
    if "remove_layer(it)" not in change:
        now = look(gimp)
        assert gimp.run("select(*rect); fill()", rect=TOUCHED) is None
        left, top, width, height = TOUCHED
        part = now[top : top + height, left : left + width, :3]
        part[:] = 255 - part
        assert np.array_equal(look(gimp), now)


def test_fill_in_a_layer_that_was_painted_on_is_not_made_again(gimp):
    gimp.run("prepare('photograph')")
    assert gimp.run("fill(destination='into')") is None
    gimp.run("put(it, (60, 60, 9, 9), bytes([255, 0, 0, 255]) * 81, encoding)")
    now = look(gimp)

    assert gimp.run("fill('try-another')").startswith("“it” was changed where it was filled.")
    assert np.array_equal(look(gimp), now)
