"""A selection along a soft edge, in every Krita with the real daemon: no ring is left of it."""

import numpy as np
import pytest

from lacuna_wire.options import AUTO_GROW
from tests.editors.edges import (
    SIDE,
    away_from,
    check_gone,
    disc_selected,
    redness,
    save_disc,
    told_px,
)

MIDDLES = {"disc": (160, 160), "corner": (12, 300)}
SELECT = """
mask = Selection()
with open(path, "rb") as file:
    mask.setPixelData(QtCore.QByteArray(file.read()), 0, 0, side, side)
document.setSelection(mask)
document.waitForDone()
"""
SEEN = """
document.refreshProjection()
document.waitForDone()
bytes(document.pixelData(0, 0, side, side))
"""
AGAIN = """
def again():
    FILLS.another(document, settings.load())
    yield from ended()

again()
"""
STEP = """
def step():
    FILLS.step(document, -1)
    text = yield from ended()
    return text

step()
"""


@pytest.fixture
def opened(krita, served, inside, request):
    """A picture of the disc is open; gives Krita and where its middle is."""
    name = getattr(request, "param", "disc")
    path = krita.room.folder / f"{name}.png"
    save_disc(path, MIDDLES[name])
    krita.run("open_photo(path)", path=str(path))
    return krita, MIDDLES[name]


def look(krita):
    """What is seen, RGB."""
    samples = np.frombuffer(krita.run(SEEN, side=SIDE), np.uint8)
    return samples.reshape(SIDE, SIDE, 4)[..., 2::-1].copy()


def select(krita, selection):
    path = krita.room.folder / "selection.raw"
    path.write_bytes(selection.tobytes())
    krita.run(SELECT, path=str(path), side=SIDE)


@pytest.mark.parametrize("opened", MIDDLES, indirect=True)
@pytest.mark.parametrize("destination", ["auto", "into", "copy"])
def test_no_ring_is_left_wherever_the_fill_goes_and_the_docker_tells_the_pixels(
    opened, destination
):
    krita, middle = opened
    selection = disc_selected(middle)
    select(krita, selection)
    before = look(krita)
    krita.run("docker = next(d for d in krita.dockers() if d.objectName() == 'lacuna_docker')")
    krita.run("docker.show()")

    facts = krita.run("fill(destination=destination)", destination=destination)

    assert not facts["failed"]
    px = told_px(facts["text"])
    check_gone(before, look(krita), selection, px)
    assert told_px(krita.run("docker.message.text()")) == px
    if destination == "auto" and middle == MIDDLES["disc"]:
        krita.picture("edge-found")  # to be looked at


@pytest.mark.parametrize("destination", ["layer", "into", "copy"])
def test_next_try_reaches_as_far_and_the_next_fill_sees_no_ring(opened, destination):
    krita, middle = opened
    selection = disc_selected(middle)
    select(krita, selection)
    before = look(krita)
    px = told_px(krita.run("fill(destination=destination)", destination=destination)["text"])
    first = look(krita)
    krita.run(AGAIN)
    other = look(krita)

    check_gone(before, other, selection, px)
    assert (first != other).any()
    assert told_px(krita.run(STEP)) == px
    assert np.array_equal(look(krita), first)

    # Beside the disc, where the edge is in the first fill alone.
    krita.run("select(196, 130, 30, 60)")
    assert not krita.run("fill(grow=0)")["failed"]
    assert redness(look(krita)).max() <= 12


@pytest.mark.parametrize("grow", [AUTO_GROW, 0])
@pytest.mark.parametrize("destination", ["layer", "into"])
def test_nothing_changes_beside_a_selection_over_which_nothing_bleeds(opened, destination, grow):
    krita, middle = opened
    selection = disc_selected(middle, radius=60)
    select(krita, selection)
    before = look(krita)

    facts = krita.run("fill(destination=d, grow=grow)", d=destination, grow=grow)

    after = look(krita)
    assert told_px(facts["text"]) == 0
    assert np.array_equal(after[selection == 0], before[selection == 0])
    assert redness(after).max() <= 12


def test_number_switches_the_search_off(opened):
    krita, middle = opened
    selection = disc_selected(middle)
    select(krita, selection)
    before = look(krita)

    facts = krita.run("fill(grow=0)")

    after = look(krita)
    assert told_px(facts["text"]) == 0
    assert not (after != before).any(axis=2)[away_from(selection) > 0].any()


def test_docker_says_automatic_and_shows_a_grown_selection_only_for_a_number(opened):
    krita, middle = opened
    select(krita, disc_selected(middle))
    krita.run("docker = next(d for d in krita.dockers() if d.objectName() == 'lacuna_docker')")
    krita.run("docker.show(); docker._show_document()")
    count = f"{np.count_nonzero(disc_selected(middle)):,} px".replace(",", "\u202f")

    krita.wait_for("docker.preview.text.text().startswith(count)", 20, count=count)
    assert krita.run("docker.rows['grow'].widget.text()") == "Automatic"
    assert not krita.run("docker.preview.show_grown.isEnabled()")
    krita.run("docker.rows['grow'].widget.stepUp()")
    assert krita.run("docker.rows['grow'].widget.text()") == "0 px"
    assert krita.run("settings.load().options.grow") == 0
    assert not krita.run("docker.preview.show_grown.isEnabled()")
    krita.run("docker.rows['grow'].widget.setValue(3)")
    assert krita.run("docker.preview.show_grown.isEnabled()")
