"""What the real daemon fills, where *Automatic* puts it: as it is seen, in every real Krita."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from skimage import data

from lacuna_wire import PixelLayout, Rect
from tests.drawn import circle, ink, line, rgba
from tests.editors.fills import engine_fill

WIDTH, HEIGHT = 200, 140
BGRA = PixelLayout("BGRA", "u8", "srgb")
# Above the photograph lies "it", with pixels from a file; it is active in the end.
PREPARE = """
def put(path, selected, opacity=255):
    with open(path, "rb") as file:
        samples = file.read()
    it = document.createNode("it", "paintlayer")
    it.setPixelData(samples, 0, 0, 200, 140)
    it.setOpacity(opacity)
    yield from add(it)
    select(*selected)
    document.waitForDone()

def seen(path=None):
    "What is seen; with other pixels in the layer, if they are given."
    it = layer("it")
    before = it.pixelData(0, 0, 200, 140)
    if path:
        with open(path, "rb") as file:
            it.setPixelData(file.read(), 0, 0, 200, 140)
        document.refreshProjection()
    document.waitForDone()
    answer = bytes(document.pixelData(0, 0, 200, 140))
    if path:
        it.setPixelData(before, 0, 0, 200, 140)
        document.refreshProjection()
        document.waitForDone()
    return answer

def outright(variation):
    "Fill with a number for which no button was pressed."
    options = replace(EditorSettings().options, variation=variation)
    FILLS.start(document, EditorSettings(options=options))
    yield from ended()

def back():
    krita.action("edit_undo").trigger()
    yield 20
    yield from until(lambda: is_restored(document), "the active layer")
    document.waitForDone()
"""


@pytest.fixture
def opened(krita, served, inside, small_photo):
    krita.run("open_photo(path)", path=str(small_photo))
    krita.run(PREPARE)
    return krita


AGAIN = """
def again():
    FILLS.another(document, settings.load())
    yield from ended()

again()
"""
# A selection mask says what may be copied, and what not.
BARRED = """
def barred():
    left, top, width, height = marked
    chosen = Selection()
    chosen.select(left, top, width, height, 255)
    if way == "only":
        chosen.invert()
    mask = document.createSelectionMask(way)
    mask.setSelection(chosen)
    layer("Background").addChildNode(mask, None)
    document.waitForDone()
    yield from activate(layer("it"))
    FILLS.start(document, EditorSettings(copy_from=way, copy_mask=plugin_layers.id_of(mask)))
    text = yield from ended()
    return {"text": text, "failed": sentences[-1][1]}

barred()
"""


class Scene(NamedTuple):
    """A layer, what is selected in it, and where *Automatic* puts its fill."""

    draw: Callable[[], np.ndarray]
    selected: Rect
    opacity: int
    is_copy: bool


def line_art():
    """A ring that will be removed, and a line across all; ink on nothing."""
    return rgba(ink(HEIGHT, WIDTH, circle(62, 95, 7), line(80, 5, 80, 195)), (0.1, 0.05, 0.15))


def photograph():
    bgr = data.coffee()[100:240, 150:350, ::-1]
    return np.dstack([bgr, np.full(bgr.shape[:2], 255, np.uint8)])


def cut_out():
    samples = photograph()
    samples[..., 3] = np.rint(np.clip(100.5 - from_middle(), 0, 1) * 255)
    samples[samples[..., 3] == 0] = 0
    return samples


def marked():
    """Gray noise, but of a glaring colour in `MARKED`."""
    gray = np.random.default_rng(3).integers(90, 160, (HEIGHT, WIDTH, 1))
    samples = np.repeat(gray, 4, axis=2).astype(np.uint8)
    samples[MARKED.slices][..., [0, 2]] = 255
    samples[MARKED.slices][..., 1] = 0
    samples[..., 3] = 255
    return samples


def colourful(pixels):
    """Tell which pixels are of the barred colour, or halfway; a network that sees it may tint."""
    return np.ptp(pixels[..., :3], axis=2) > 128


def from_middle():
    """How far each pixel is from the middle of the cut-out."""
    return circle(70, -5, 0)(*np.mgrid[:HEIGHT, :WIDTH])


LINES = Rect(85, 50, 20, 40)
EDGE = Rect(80, 60, 30, 20)
MIDDLE = Rect(80, 50, 30, 40)
MARKED = Rect(95, 0, 105, HEIGHT)  # it reaches into the selection
SCENES = {
    "line art": Scene(line_art, LINES, 255, True),
    "cut-out": Scene(cut_out, EDGE, 255, True),
    "opacity 48 %": Scene(photograph, MIDDLE, 122, True),
    "photograph": Scene(photograph, MIDDLE, 255, False),
}


def bgra(pixels):
    return np.frombuffer(pixels, np.uint8).reshape(HEIGHT, WIDTH, 4).astype(int)


def put(krita, samples, selected, opacity=255):
    path = krita.room.folder / "it.raw"
    path.write_bytes(samples.tobytes())
    krita.run("put(path, rect, opacity)", path=str(path), rect=[*selected], opacity=opacity)


def filled(krita):
    """The pixels of the layer that was made, the only one of its name."""
    return bgra(krita.run("pixels_of(layer('Inpaint 1'))"))


@pytest.mark.parametrize("name", SCENES)
def test_automatic_looks_like_the_layer_with_its_pixels_replaced(opened, name):
    krita, scene = opened, SCENES[name]
    samples = scene.draw()
    put(krita, samples, scene.selected, scene.opacity)
    before = bgra(krita.run("seen()"))
    selection = np.zeros((HEIGHT, WIDTH), np.uint8)
    selection[scene.selected.slices] = 255
    rect, expected = engine_fill(samples, selection, BGRA, result="composite")
    replaced = samples.copy()
    replaced[rect.slices] = expected
    path = krita.room.folder / "replaced.raw"
    path.write_bytes(replaced.tobytes())
    wanted = bgra(krita.run("seen(path)", path=str(path)))
    assert np.abs(wanted - before).max() > 20

    facts = krita.run("fill()")

    assert ("in a filled copy" in facts["text"]) == scene.is_copy, facts
    assert krita.run("layer('it').visible()") != scene.is_copy
    assert np.abs(bgra(krita.run("seen()")) - wanted).max() <= 2
    krita.run("back()")
    assert np.array_equal(bgra(krita.run("seen()")), before)
    assert krita.run("layers()") == ["Background", "it"]


def test_removed_ink_leaves_nothing_and_a_line_across_goes_on(opened):
    krita, samples = opened, line_art()
    put(krita, samples, LINES)

    facts = krita.run("fill()")

    after = filled(krita)
    inside = after[LINES.slices]
    ring = samples[LINES.slices][:25, :, 3]
    assert ring.max() == 255, "there was something to remove"
    assert inside[:25, :, 3].max() < 16, facts
    across = inside[..., 3] > 128
    assert across.any(axis=0).all(), "the line has no gap"
    assert across.sum(axis=0).max() < 6, "and is no rectangle"
    assert inside[across][:, :3].max() < 60, "it is ink"
    outside = np.ones((HEIGHT, WIDTH), bool)
    outside[LINES.slices] = False
    assert np.array_equal(after[outside], samples[outside])


def test_cut_out_is_filled_up_to_its_outline_and_no_further(opened):
    krita = opened
    put(krita, cut_out(), EDGE)

    krita.run("fill()")

    distance = from_middle()[EDGE.slices]
    alpha = filled(krita)[EDGE.slices][..., 3]
    assert alpha[distance > 104].max() < 16, "nothing bulges"
    assert alpha[distance < 96].min() > 240, "nothing is missing"


def test_same_variation_is_the_same_fill_byte_for_byte_and_another_one_is_not(opened):
    krita = opened
    put(krita, photograph(), MIDDLE)
    krita.run("fill()")
    first = filled(krita)

    krita.run(AGAIN)
    second = filled(krita)

    assert krita.run("layers()") == ["Background", "it", "Inpaint 1"]
    assert np.array_equal(second[..., 3], first[..., 3])
    assert (second != first).any(axis=2)[MIDDLE.slices].mean() > 0.2
    krita.run("back()")
    assert np.array_equal(filled(krita), first), "it was one step"
    krita.run("back()")
    assert krita.run("layers()") == ["Background", "it"]
    krita.run("outright(1)")
    assert np.array_equal(filled(krita), second)
    krita.run("back()")
    krita.run("outright(0)")
    assert np.array_equal(filled(krita), first)


def test_nothing_of_a_barred_colour_appears(opened):
    krita = opened
    put(krita, marked(), MIDDLE)
    krita.run("fill()")
    assert colourful(filled(krita))[MIDDLE.slices].mean() > 0.2, "it would appear by itself"
    for way in ("only", "never"):
        krita.run("back()")

        facts = krita.run(BARRED, way=way, marked=[*MARKED])

        assert not facts["failed"], facts
        after = filled(krita)[MIDDLE.slices]
        assert (after[..., 3] == 255).all()
        assert not colourful(after).any(), way
