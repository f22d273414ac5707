"""Jumps in Krita's history docker, over several fills at once, in every real Krita.

The daemon inverts what is selected, so what has to be seen is known exactly.
"""

import numpy as np
import pytest

WIDTH, HEIGHT = 200, 140
INSIDE = """
docker = next(each for each in krita.dockers() if each.objectName() == "History")
history = docker.findChild(QtWidgets.QListView)

def open_history():
    docker.show()
    docker.setFloating(True)
    docker.resize(300, 500)
    docker.move(600, 200)
    docker.raise_()
    yield 200

def close_history():
    docker.setFloating(False)
    docker.hide()

def place_of(step):
    "Where a step is on the screen; the first one is what was there before all."
    index = history.model().index(step, 0)
    history.scrollTo(index)
    yield 50
    place = history.viewport().mapToGlobal(history.visualRect(index).center())
    return [place.x(), place.y()]

def settled(before):
    "Wait until the history is elsewhere, and the plug-in has seen to it."
    yield from until(lambda: history.currentIndex().row() != before, "another step")
    yield 20
    document.waitForDone()
    yield from until(lambda: is_restored(document), "the active layer")
    document.waitForDone()

def shown():
    at = FILLS.try_at(document)
    return [document.activeNode().name(), at and list(at)]

def again(destination):
    FILLS.again(document, EditorSettings(destination=destination))
    yield from ended()

def another():
    krita.action("lacuna_try_another").trigger()
    yield from ended()

def seen():
    document.waitForDone()
    return bytes(document.pixelData(0, 0, 200, 140))
"""


@pytest.fixture
def opened(krita, held, small_photo):
    krita.run("open_photo(path)", path=str(small_photo))
    krita.run(INSIDE)
    krita.run("open_history()")
    yield krita
    krita.run("close_history()")


def look(krita):
    return np.frombuffer(krita.run("seen()"), np.uint8).reshape(HEIGHT, WIDTH, 4).astype(int)


def inverted(picture, left, top, width, height):
    picture = picture.copy()
    part = picture[top : top + height, left : left + width, :3]
    part[:] = 255 - part
    return picture


def step_now(krita):
    return krita.run("history.currentIndex().row()")


def jump(krita, step):
    before = step_now(krita)
    x, y = krita.run("place_of(step)", step=step)
    krita.xdotool(f"mousemove {x} {y} sleep 0.1 click 1 sleep 0.1")
    krita.run("settled(before)", before=before)


def test_jumps_end_at_whole_fills_and_at_the_right_layer(opened):
    krita = opened
    pictures, layers, steps = [look(krita)], ["Background"], [0]
    for destination, rect in (
        ("auto", (80, 50, 30, 40)),
        ("copy", (70, 40, 20, 20)),
        ("into", (100, 60, 30, 30)),
        ("auto", (60, 60, 30, 30)),
    ):
        krita.run("select(*rect)", rect=rect)
        krita.run("fill(destination=destination)", destination=destination)
        pictures.append(inverted(pictures[-1], *rect))
        layers.append(krita.run("document.activeNode().name()"))
        steps.append(step_now(krita))
    assert layers == ["Background", "Background", "Inpaint 2", "Inpaint 2", "Inpaint 2"]

    # The third one is two steps of Krita: 3 is in the middle of it.
    for clicked, fills in ((0, 0), (5, 4), (1, 1), (3, 3), (2, 2), (5, 4), (0, 0), (4, 3)):
        jump(krita, clicked)

        assert np.array_equal(look(krita), pictures[fills]), (clicked, fills)
        assert step_now(krita) == steps[fills]
        active, at = krita.run("shown()")
        assert active == layers[fills]
        assert at == ([0, 1] if fills else None)

    for fills in (2, 1, 0):
        before = step_now(krita)
        krita.key("Up")
        krita.run("settled(before)", before=before)
        assert np.array_equal(look(krita), pictures[fills]), "a key jumps as well"


def test_another_try_after_a_jump_is_one_of_the_fill_that_is_there(opened):
    krita = opened
    before = look(krita)
    for rect in ((80, 50, 30, 40), (20, 20, 20, 20)):
        krita.run("select(*rect)", rect=rect)
        krita.run("fill()")
    once = inverted(before, 80, 50, 30, 40)
    jump(krita, 1)

    krita.run("another()")

    assert krita.run("shown()") == ["Background", [1, 2]]
    assert krita.run("layers()") == ["Background", "Inpaint 1"]
    assert np.array_equal(look(krita), once)
    jump(krita, 0)
    krita.run("another()")
    text, failed = krita.run("sentences[-1]")
    assert failed
    assert text.startswith("The last fill is no longer in the image")
    assert np.array_equal(look(krita), before)


def test_jump_over_a_copy_and_what_took_its_place_shows_the_picture(opened):
    krita = opened
    before = look(krita)
    krita.run("select(80, 50, 30, 40)")
    krita.run("fill(destination='copy')")
    krita.run("again('layer')")
    once = inverted(before, 80, 50, 30, 40)
    assert np.array_equal(look(krita), once)
    last = step_now(krita)

    jump(krita, 0)

    assert np.array_equal(look(krita), before)
    jump(krita, last)
    assert np.array_equal(look(krita), once)
    assert krita.run("shown()") == ["Background", [1, 2]]
