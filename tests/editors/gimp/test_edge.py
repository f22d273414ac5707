"""A selection along a soft edge, in a real GIMP with the real daemon: no ring is left of it."""

from pathlib import Path

import numpy as np
import pytest

from lacuna_wire.options import MOST_AUTO_GROW
from tests.editors.edges import (
    RADIUS,
    SIDE,
    away_from,
    check_gone,
    redness,
    save_disc,
    told_px,
)
from tests.editors.gimp.consoles import copy_inside
from tests.editors.gimp.rooms import new_room
from tests.editors.gimp.screens import Screen
from tests.service.conftest import eventually

MIDDLES = {"disc.png": (160, 160), "corner.png": (12, 300)}
INSIDE = Path(__file__).with_name("edge.py").read_text("utf-8")
TOLD = "Inpaint Selection-Warning: "  # how GIMP begins a message on its console


@pytest.fixture(scope="module")
def served(console, shared_daemon):
    for name, middle in MIDDLES.items():
        save_disc(console.room.folder / name, middle)
    shared_daemon.introduce(console.room.state)
    console.run(INSIDE)
    return console


def look(editor, code="seen(image)", channels=3):
    return np.frombuffer(editor.run(code), np.uint8).reshape(SIDE, SIDE, channels)


def selected(editor):
    return look(editor, "selected(image)", 1)[..., 0]


def open_disc(editor, name="disc.png", more_px=0):
    """Open a picture and select its disc, or so many pixels more; return it and the selection."""
    left, top = (side - RADIUS - more_px for side in MIDDLES[name])
    side = 2 * (RADIUS + more_px) + 1
    editor.run(f"open_disc({name!r}, {left}, {top}, {side}, {side})")
    return look(editor), selected(editor)


@pytest.mark.parametrize("name", MIDDLES)
@pytest.mark.parametrize("destination", ["auto", "into", "copy"])
def test_no_ring_is_left_wherever_the_fill_goes(served, destination, name):
    before, selection = open_disc(served, name)

    assert served.run(f"fill(destination={destination!r})") is None

    check_gone(before, look(served), selection, MOST_AUTO_GROW)


@pytest.mark.parametrize("destination", ["layer", "into", "copy"])
def test_next_try_reaches_as_far_and_the_next_fill_sees_no_ring(served, destination):
    before, selection = open_disc(served)
    assert served.run(f"fill(destination={destination!r})") is None
    first = look(served)
    assert served.run("fill('try-another')") is None
    other = look(served)

    check_gone(before, other, selection, MOST_AUTO_GROW)
    assert (first != other).any()
    assert np.array_equal(reach(before, other), reach(before, first))

    # Beside the disc, where the edge is in the first fill alone.
    served.run("select(196, 130, 30, 60)")
    assert served.run("fill(grow=0)") is None
    assert redness(look(served)).max() <= 12


def reach(before, after):
    """Bounds of what has changed."""
    rows, columns = np.nonzero((before != after).any(axis=2))
    return [rows.min(), rows.max(), columns.min(), columns.max()]


@pytest.mark.parametrize("arguments", ["", "grow=0"])
def test_nothing_changes_beside_a_selection_over_which_nothing_bleeds(served, arguments):
    before, selection = open_disc(served, more_px=20)

    assert served.run(f"fill({arguments})") is None

    after = look(served)
    assert np.array_equal(after[selection == 0], before[selection == 0])
    assert redness(after).max() <= 12


def test_number_switches_the_search_off(served):
    before, selection = open_disc(served)

    assert served.run("fill(grow=0)") is None

    assert np.array_equal(look(served)[selection == 0], before[selection == 0])


@pytest.fixture(scope="module")
def screen(tmp_path_factory, shared_daemon):
    room = new_room(tmp_path_factory.mktemp("edge"))
    save_disc(room.folder / "disc.png")
    copy_inside(room)
    shared_daemon.introduce(room.state)
    screen = Screen(room, "disc.png")
    screen.run(INSIDE)
    screen.run("image = Gimp.get_images()[0]; None")
    yield screen
    screen.close()


def click(screen):
    """Do what the menu entry does, and wait for the layer."""
    screen.focus()
    screen.xdotool("key ctrl+alt+i")
    eventually(lambda: len(screen.layers()) == 2, 60)
    screen.wait_until_still()


def test_plain_action_leaves_no_ring_and_tells_the_pixels_without_a_dialog(screen):
    screen.run("select(120, 120, 81, 81)")
    before, selection = look(screen), selected(screen)
    screen.run("Gimp.message_set_handler(Gimp.MessageHandlerType.CONSOLE)")
    click(screen)

    log = (screen.room.folder / "gimp.log").read_text("utf-8", "replace")
    px = told_px(log.split(TOLD)[-1])
    check_gone(before, look(screen), selection, px)
    assert away_from(selection)[(look(screen) != before).any(axis=2)].max() > px - 3

    screen.run("Gimp.message_set_handler(Gimp.MessageHandlerType.MESSAGE_BOX)")
    screen.xdotool("key ctrl+z")
    eventually(lambda: len(screen.layers()) == 1)
    windows = screen.windows()
    click(screen)
    screen.picture("edge-found")  # to be looked at: below the image it says how far
    assert screen.windows() == windows
    assert log.count(TOLD) == 1
