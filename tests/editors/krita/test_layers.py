"""What the plug-in makes of every kind of layer and selection, in every real Krita."""

import numpy as np
import pytest

from lacuna_wire import PixelLayout
from tests.editors.fills import ROUNDING, engine_fill

WIDTH, HEIGHT = 200, 140
SELECTED = (80, 50, 30, 40)
BGRA = PixelLayout("BGRA", "u8", "srgb")
# How to add a layer of a kind over the photograph, and make it the active one.
KINDS = {
    "paint": "activate(layer('Background'))",
    "group": """
        def steps():
            yield from add(document.createGroupLayer("it"))
            inner = layer("Background").duplicate()
            yield from add(inner, None, layer("it"))
            yield from activate(layer("it"))
        steps()
        """,
    "pass-through group": """
        def steps():
            yield from add(document.createGroupLayer("it"))
            yield from add(layer("Background").duplicate(), None, layer("it"))
            layer("it").setPassThroughMode(True)
            document.waitForDone()
            yield from activate(layer("it"))
        steps()
        """,
    "inside a group": """
        def steps():
            yield from add(document.createGroupLayer("group"))
            inner = layer("Background").duplicate()
            inner.setName("it")
            yield from add(inner, None, layer("group"))
        steps()
        """,
    "fill": """
        everything = Selection()
        everything.select(0, 0, 200, 140, 255)
        add(document.createFillLayer("it", "color", InfoObject(), everything))
        """,
    "filter": """
        everything = Selection()
        everything.select(0, 0, 200, 140, 255)
        add(document.createFilterLayer("it", krita.filter("invert"), everything))
        """,
    "clone": "add(document.createCloneLayer('it', layer('Background')))",
    "file": "add(document.createFileLayer('it', path, 'None'))",
    "locked": """
        def steps():
            layer("Background").setLocked(True)
            yield from activate(layer("Background"))
        steps()
        """,
    "under a mask": """
        def steps():
            mask = document.createNode("mask", "transparencymask")
            layer("Background").addChildNode(mask, None)
            yield from activate(layer("mask"))
        steps()
        """,
    "under a filter mask": """
        def steps():
            everything = Selection()
            everything.select(0, 0, 200, 140, 255)
            mask = document.createFilterMask("mask", krita.filter("invert"), everything)
            layer("Background").addChildNode(mask, None)
            yield from activate(layer("mask"))
        steps()
        """,
}
FLAT = ("fill",)


@pytest.fixture
def opened(krita, served, inside, small_photo):
    krita.run("open_photo(path)", path=str(small_photo))
    krita.run("select(*selected)", selected=SELECTED)
    return krita


def bgra(data, rect=(0, 0, WIDTH, HEIGHT)):
    return np.frombuffer(data, np.uint8).reshape(rect[3], rect[2], 4)


def selection_of(krita):
    """What is selected in Krita: (H, W) uint8."""
    data = krita.run("document.selection().pixelData(0, 0, 200, 140)")
    return np.frombuffer(data, np.uint8).reshape(HEIGHT, WIDTH)


def mask_of(*rects):
    selection = np.zeros((HEIGHT, WIDTH), np.uint8)
    for left, top, width, height in rects:
        selection[top : top + height, left : left + width] = 255
    return selection


def check_fill(krita, before, selection, **options):
    """The only layer whose name says so holds what the engine makes of these pixels."""
    rect, expected = engine_fill(before, selection, BGRA, **options)
    name = krita.run("[name for name in layers() if name.startswith('Inpaint ')]")[0]
    after = bgra(krita.run("pixels_of(layer(name))", name=name))
    inside = after[rect.slices]
    seen = expected[..., 3] > 0
    assert np.array_equal(inside[..., 3], expected[..., 3])
    difference = np.abs(inside.astype(int) - expected)[seen]
    assert difference.max() <= ROUNDING["u8"]
    outside = after[..., 3].copy()
    outside[rect.slices] = 0
    assert not outside.any()
    return after


@pytest.mark.parametrize("kind", KINDS)
def test_layer_of_every_kind_is_filled_as_it_is_seen(opened, kind, small_photo):
    krita = opened
    krita.run(KINDS[kind], path=str(small_photo))
    if kind in ("file", "fill"):  # these are made in the background
        krita.wait_for("bytes(pixels_of(layer('it')))[3] == 255")
    before = bgra(krita.run("pixels_of(aimed())"))
    if kind not in FLAT:
        assert before[..., :3].std() > 10, "there is a picture in it"

    # Under a mask a new layer would not look like the layer with its pixels replaced.
    destination = "layer" if "mask" in kind else "auto"
    facts = krita.run("fill(destination=destination)", destination=destination)

    assert facts["new"] == ["Inpaint 1"], facts
    assert facts["above"]
    assert facts["still_active"]
    assert not facts["failed"]
    check_fill(krita, before, mask_of(SELECTED))


def test_vector_layer_is_filled_from_its_drawing(opened):
    krita = opened
    krita.run(
        """
        def steps():
            vector = document.createVectorLayer("it")
            yield from add(vector)
            svg = '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="140">' \\
                  '<rect width="190" height="130" fill="#3366aa"/></svg>'
            vector.addShapesFromSvg(svg)
            document.waitForDone()
        steps()
        """
    )
    krita.wait_for("bytes(pixels_of(layer('it'), (40, 20, 1, 1)))[3] == 255")
    before = bgra(krita.run("pixels_of(layer('it'))"))

    facts = krita.run("fill()")

    assert facts["new"] == ["Inpaint 1"], facts
    check_fill(krita, before, mask_of(SELECTED))


def test_all_that_is_visible_is_filled_above_everything(opened):
    krita = opened
    krita.run(
        """
        def steps():
            top = document.createNode("top", "paintlayer")
            top.setPixelData(bytes([0, 0, 255, 255]) * (40 * 140), 0, 0, 40, 140)
            yield from add(top)
            yield from activate(layer("Background"))
        steps()
        """
    )
    before = bgra(krita.run("document.pixelData(0, 0, 200, 140)"))
    assert before[5, 5].tolist() == [0, 0, 255, 255]

    facts = krita.run("fill(visible=True)")

    assert krita.run("layers()") == ["Background", "top", "Inpaint 1"], facts
    assert facts["still_active"]
    check_fill(krita, before, mask_of(SELECTED))


def test_feathered_selection_gives_a_soft_layer(opened):
    krita = opened
    krita.run(
        "s = Selection(); s.select(70, 40, 50, 60, 255); s.feather(12); document.setSelection(s)"
    )
    before = bgra(krita.run("pixels_of(layer('Background'))"))
    selection = selection_of(krita)
    assert len(np.unique(selection)) > 10

    krita.run("fill()")

    after = check_fill(krita, before, selection)
    assert np.array_equal(after[..., 3], selection)


def test_grow_and_feather_of_the_docker_reach_the_fill(opened):
    krita = opened
    before = bgra(krita.run("pixels_of(layer('Background'))"))

    facts = krita.run("fill(grow=6, feather=5)")

    left, top, width, height = SELECTED
    assert facts["rect"] == [left - 6, top - 6, width + 12, height + 12]
    check_fill(krita, before, mask_of(SELECTED), grow=6, feather=5)


def test_vector_selection_is_a_selection(opened):
    krita = opened
    krita.run('krita.action("convert_to_vector_selection").trigger()')
    krita.wait_for(
        "document.waitForDone() or any(bytes(document.selection().pixelData(90, 60, 1, 1)))"
    )
    before = bgra(krita.run("pixels_of(layer('Background'))"))
    selection = selection_of(krita)
    assert selection.any()

    krita.run("fill()")

    check_fill(krita, before, selection)


def test_selection_that_reaches_over_the_canvas_is_cut_at_it(opened):
    krita = opened
    krita.run("select(-20, -30, 50, 60)")
    before = bgra(krita.run("pixels_of(layer('Background'))"))

    facts = krita.run("fill()")

    assert facts["rect"] == [0, 0, 30, 30]
    check_fill(krita, before, mask_of((0, 0, 30, 30)))


def test_selection_of_two_far_parts_makes_one_layer(opened):
    krita = opened
    krita.run(
        """
        s = Selection(); s.select(10, 10, 12, 12, 255)
        t = Selection(); t.select(170, 110, 14, 14, 255)
        s.add(t); document.setSelection(s)
        """
    )
    before = bgra(krita.run("pixels_of(layer('Background'))"))

    facts = krita.run("fill()")

    assert len(facts["new"]) == 1
    check_fill(krita, before, mask_of((10, 10, 12, 12), (170, 110, 14, 14)))


def test_current_frame_of_an_animation_is_what_is_filled(opened):
    krita = opened
    krita.run(
        """
        def steps():
            background = layer("Background")
            yield from activate(background)
            background.enableAnimation()
            document.setCurrentTime(7)
            yield from until(lambda: document.currentTime() == 7, "the time")
            document.waitForDone()
            krita.action("add_duplicate_frame").trigger()
            yield from until(lambda: background.hasKeyframeAtTime(7), "a frame")
            document.waitForDone()
            background.setPixelData(bytes([200, 60, 20, 255]) * (200 * 140), 0, 0, 200, 140)
            document.refreshProjection()
        steps()
        """
    )
    before = bgra(krita.run("pixels_of(layer('Background'))"))
    assert before[100, 30].tolist() == [200, 60, 20, 255]

    facts = krita.run("fill()")

    assert facts["new"] == ["Inpaint 1"], facts
    check_fill(krita, before, mask_of(SELECTED))
    krita.run("document.setCurrentTime(0)")
    other = bgra(krita.run("pixels_of(layer('Background'))"))
    assert not np.array_equal(other, before), "the frames differ"
