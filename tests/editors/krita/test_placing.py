"""Where fills go: the picture looks like its layer with the pixels replaced, in every real Krita.

The daemon inverts what is selected and keeps its alpha, so what has to be seen is known exactly.
"""

import random

import numpy as np
import pytest

WIDTH, HEIGHT = 200, 140
SELECTED = (80, 50, 30, 40)
CMYK = ("CMYKA", "U8", "Chemical proof")
DEEP = ("RGBA", "U16", "sRGB-elle-V2-srgbtrc.icc")
# How the layer that is filled is made, with another one below it; it is active in the end.
PREPARE = """
def prepare(kind):
    below = document.createNode("below", "paintlayer")
    ramp = b"".join(bytes([x, 255 - x, (x * 3) % 256, 255]) for x in range(200)) * 140
    below.setPixelData(ramp, 0, 0, 200, 140)
    it = layer("Background")
    document.rootNode().addChildNode(below, None)
    photo = it.duplicate()
    photo.setName("it")
    if kind in ("line art", "cut-out", "inherit alpha"):
        wide = 12 if kind == "line art" else 90
        data = bytearray(bytes(photo.pixelData(0, 0, 200, 140)))
        for at in range(200 * 140):
            if not 75 <= at % 200 < 75 + wide:
                data[at * 4:at * 4 + 4] = bytes(4)
        photo.setPixelData(bytes(data), 0, 0, 200, 140)
    photo.setOpacity(122 if kind == "opacity" else 255)
    photo.setBlendingMode("multiply" if kind == "multiply" else "normal")
    photo.setInheritAlpha(kind == "inherit alpha")
    if kind == "group":
        group = document.createGroupLayer("the group")
        group.setOpacity(150)
        yield from add(group, below)
        yield from add(photo, None, group)
        yield from activate(group)
    else:
        yield from add(photo, below)
    if kind == "mask":
        select(90, 40, 60, 30)
        yield 100
        krita.action("add_new_transparency_mask").trigger()
        yield from until(lambda: len(photo.childNodes()) == 1, "a mask")
        yield from activate(photo)
    document.waitForDone()

def replaced(rect):
    "What is seen if the pixels of the layer are inverted, and nothing else."
    it = layer("it")
    before = it.pixelData(*rect)
    size = len(bytes(before)) // (rect[2] * rect[3])
    other = bytearray(255 - byte for byte in bytes(before))
    alpha = size // 4
    for at in range(0, len(other), size):
        other[at + size - alpha:at + size] = bytes(before)[at + size - alpha:at + size]
    it.setPixelData(bytes(other), *rect)
    document.refreshProjection(); document.waitForDone()
    seen = bytes(document.pixelData(0, 0, 200, 140))
    it.setPixelData(before, *rect)
    document.refreshProjection(); document.waitForDone()
    return seen

def press(name, times=1):
    for _ in range(times):
        krita.action(name).trigger()
        yield 20
        yield from until(lambda: is_restored(document), "the active layer")
        document.waitForDone()

def seen():
    document.waitForDone()
    return bytes(document.pixelData(0, 0, 200, 140))
"""
KINDS = {
    "opacity": "auto",
    "multiply": "auto",
    "inherit alpha": "auto",
    "mask": "auto",
    "group": "auto",
    "line art": "copy",
    "cut-out": "copy",
}


@pytest.fixture
def opened(krita, held, inside, small_photo):
    held.release()
    krita.run("open_photo(path)", path=str(small_photo))
    krita.run(PREPARE)
    krita.run("select(*selected)", selected=SELECTED)
    return krita


def look(krita):
    return np.frombuffer(krita.run("seen()"), np.uint8).reshape(HEIGHT, WIDTH, 4).astype(int)


@pytest.mark.parametrize("space", [None, DEEP], ids=["8 bit", "16 bit"])
def test_filled_layer_looks_like_the_layer_with_its_pixels_replaced(opened, small_photo, space):
    krita = opened
    for kind, destination in KINDS.items():
        krita.run("open_photo(path, *space)", path=str(small_photo), space=space or ())
        krita.run("prepare(kind)", kind=kind)
        krita.run("select(*selected)", selected=SELECTED)
        dtype = np.uint8 if space is None else np.uint16
        before = np.frombuffer(krita.run("seen()"), dtype).astype(int)
        wanted = np.frombuffer(krita.run("replaced(rect)", rect=SELECTED), dtype).astype(int)
        assert np.abs(wanted - before).max() > 20, kind

        facts = krita.run("fill(destination=destination)", destination=destination)

        assert "in a filled copy" in facts["text"], (kind, facts)
        after = np.frombuffer(krita.run("seen()"), dtype).astype(int)
        assert np.abs(after - wanted).max() <= 1, kind
        krita.run("press('edit_undo')")
        undone = np.frombuffer(krita.run("seen()"), dtype).astype(int)
        assert np.array_equal(undone, before), kind


@pytest.mark.parametrize("destination", ["into", "copy"])
def test_unselected_ink_keeps_every_byte(opened, small_photo, destination):
    krita = opened
    krita.run("open_photo(path, *space)", path=str(small_photo), space=CMYK)
    krita.run("select(*selected)", selected=SELECTED)
    before = np.frombuffer(krita.run("pixels_of(document.activeNode())"), np.uint8)

    facts = krita.run("fill(destination=destination)", destination=destination)

    after = np.frombuffer(krita.run("pixels_of(document.activeNode())"), np.uint8)
    changed = (before != after).reshape(HEIGHT, WIDTH, 5).any(axis=2)
    left, top, width, height = SELECTED
    assert changed[top : top + height, left : left + width].mean() > 0.9, facts
    changed[top : top + height, left : left + width] = False
    assert not changed.any()


def test_twenty_fills_build_on_each_other_through_undo_redo_and_saving(opened):
    krita = opened
    chance = random.Random(5)
    now = look(krita)
    past, future = [], []
    for number in range(20):
        left, top = chance.randrange(60, 110), chance.randrange(30, 70)
        rect = (left, top, chance.randrange(10, 60), chance.randrange(10, 50))
        krita.run("select(*rect)", rect=rect)
        destination = chance.choice(["auto", "auto", "layer", "into", "copy"])
        facts = krita.run("fill(destination=destination)", destination=destination)
        assert not facts["failed"], facts
        past.append(now)
        future = []
        now = now.copy()
        part = now[rect[1] : rect[1] + rect[3], rect[0] : rect[0] + rect[2], :3]
        part[:] = 255 - part
        assert np.array_equal(look(krita), now), (number, destination)
        for _ in range(chance.randrange(3)):
            times = chance.randrange(1, 4)
            if chance.random() < 0.6:
                times = min(times, len(past))
                for _ in range(times):
                    future.append(now)
                    now = past.pop()
                krita.run("press('edit_undo', times)", times=times)
            else:
                times = min(times, len(future))
                for _ in range(times):
                    past.append(now)
                    now = future.pop()
                krita.run("press('edit_redo', times)", times=times)
            assert np.array_equal(look(krita), now), (number, times)
        if number == 9:
            place = str(krita.room.folder / "fills.kra")
            krita.run("document.saveAs(path); document.waitForDone()", path=place)
            krita.run("open_photo(path)", path=place)
            past, future = [], []
            assert np.array_equal(look(krita), now)
    steps = len(past)
    krita.run("press('edit_undo', times)", times=steps)
    assert np.array_equal(look(krita), past[0] if past else now)


def test_fill_that_is_active_means_its_picture(opened):
    krita = opened
    krita.run("fill()")
    krita.run("activate(layer('Inpaint 1'))")
    krita.run("select(90, 60, 60, 40)")

    facts = krita.run("fill()")

    assert not facts["failed"], facts
    assert krita.run("layers()") == ["Background", "Inpaint 1", "Inpaint 2"]
    krita.run("press('edit_undo'); ")
    krita.run("press('edit_redo')")
    assert krita.run("document.activeNode().name()") == "Background"


def test_hidden_layer_is_refused(opened):
    krita = opened
    krita.run("layer('Background').setVisible(False)")

    facts = krita.run("fill()")

    assert facts["failed"]
    assert facts["text"].startswith("The layer “Background” is hidden.")


def test_strokes_fill_what_is_below_and_are_gone_in_the_same_step(opened):
    krita = opened
    before = look(krita)
    krita.run(
        """
        def steps():
            strokes = document.createNode("strokes", "paintlayer")
            strokes.setPixelData(bytes([0, 0, 255, 255]) * 1200, 70, 40, 30, 40)
            yield from add(strokes)
            settings.save(EditorSettings())
            FILLS.start(document, settings.load(), "strokes")
            yield from ended()
        steps()
        """
    )

    assert krita.run("layers()") == ["Background", "Inpaint 1"], krita.run("sentences")
    wanted = before.copy()
    wanted[40:80, 70:100, :3] = 255 - wanted[40:80, 70:100, :3]
    assert np.array_equal(look(krita), wanted)
    krita.run("press('edit_undo')")
    assert krita.run("layers()") == ["Background", "strokes"]
    krita.run("press('edit_redo')")
    assert krita.run("layers()") == ["Background", "Inpaint 1"]


@pytest.mark.parametrize("first", ["auto", "into", "copy"])
def test_another_try_stands_in_the_place_of_the_last_in_one_step(opened, first):
    krita = opened
    before = look(krita)
    krita.run("fill(destination=first)", first=first)
    once, names = look(krita), krita.run("layers()")
    for second in ("auto", "into", "copy"):
        krita.run(
            """
            def steps():
                settings.save(EditorSettings(destination=second))
                FILLS.again(document, settings.load())
                yield from ended()
            steps()
            """,
            second=second,
        )

        assert np.array_equal(look(krita), once), krita.run("[layers(), sentences]")
        krita.run("press('edit_undo')")
        assert np.array_equal(look(krita), once)
        assert krita.run("layers()") == names
    krita.run("press('edit_undo')")
    assert np.array_equal(look(krita), before)
    assert krita.run("layers()") == ["Background"]


def test_last_fill_that_is_gone_is_told(opened):
    krita = opened
    krita.run("fill()")
    krita.run("layer('Inpaint 1').remove(); document.waitForDone()")
    krita.run("FILLS.again(document, EditorSettings())")

    krita.wait_for("sentences and sentences[-1][1]")
    assert "no longer" in krita.run("sentences[-1][0]")


def test_masks_of_what_may_be_copied_are_read_and_refused(opened):
    krita = opened
    krita.run(
        """
        from lacuna_krita import document as plugin
        from lacuna_krita.copy_mask import open_copy_mask
        mask = document.createSelectionMask("the mask")
        s = Selection(); s.select(10, 20, 30, 40, 255); mask.setSelection(s)
        layer("Background").addChildNode(mask, None)
        empty = document.createSelectionMask("nothing")
        empty.setSelection(Selection())
        layer("Background").addChildNode(empty, None)
        document.waitForDone()
        def attempt(name, way, rect=(0, 0, 200, 140)):
            ids = dict((b, a) for a, b in plugin.copy_masks(document))
            source = plugin.open_source(document, False)
            chosen = EditorSettings(copy_from=way, copy_mask=ids.get(name, name))
            found = open_copy_mask(source, chosen)
            return found.read(plugin_layers.Rect(*rect)), list(found.bounds)
        def refused(name):
            try:
                attempt(name, "only")
            except Exception as error:
                return error.message
        """
    )

    only = np.frombuffer(krita.run("attempt('the mask', 'only')[0]"), np.uint8)
    never = np.frombuffer(krita.run("attempt('the mask', 'never')[0]"), np.uint8)
    assert krita.run("attempt('the mask', 'only')[1]") == [10, 20, 30, 40]
    wanted = np.zeros((HEIGHT, WIDTH), np.uint8)
    wanted[20:60, 10:40] = 255
    assert np.array_equal(only.reshape(HEIGHT, WIDTH), wanted)
    assert np.array_equal(never, 255 - only)
    assert krita.run("refused('nothing')").startswith("The mask “nothing” is empty.")
    assert krita.run("refused('{x}')").startswith("The mask that says what may be copied is not")
    assert krita.run("refused('')").startswith("No mask is chosen")
