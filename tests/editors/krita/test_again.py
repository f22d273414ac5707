"""*Fill again* after the user has done something to the fill, in every real Krita.

The daemon inverts what is selected, so a fill that is done again at its place changes nothing.
"""

import numpy as np
import pytest

SELECTED = (80, 50, 30, 40)
BESIDE = (75, 45, 20, 20)  # painted over: a part of the selection, and of what lies around it
SPACE = ("RGBA", "U16", "sRGB-elle-V2-srgbtrc.icc")
INSIDE = """
def holder():
    "The layer in which the fill is."
    return layer("Inpaint 1" if "Inpaint 1" in layers() else "Background")

def do(code):
    eval(code)
    document.refreshProjection()
    document.waitForDone()

def again(destination):
    sentences.clear()
    FILLS.again(document, EditorSettings(destination=destination))
    yield from ended()
    return sentences

def back():
    krita.action("edit_undo").trigger()
    yield 20
    yield from until(lambda: is_restored(document), "the active layer")
    document.waitForDone()

def seen():
    document.waitForDone()
    return bytes(document.pixelData(0, 0, document.width(), document.height()))
"""
MOVED = "[each.move(20, 10) for each in walk(document.rootNode()) if each.type() == 'paintlayer']"
PAINTED = f"holder().setPixelData(bytes([0, 0, 255, 255]) * 400, *{BESIDE})"
# What the user does -> what *Fill again* changes, as a place on the canvas; None for nothing.
DEEDS = {
    MOVED: None,
    PAINTED: (80, 50, 15, 15),
    "document.crop(30, 20, 150, 100)": None,
    f"document.setColorSpace(*{SPACE})": None,
}


@pytest.fixture
def opened(krita, held, inside):
    krita.run(INSIDE)
    return krita


def begin(krita, photo, destination):
    krita.run("open_photo(path)", path=str(photo))
    krita.run("select(*rect)", rect=SELECTED)
    krita.run("fill(destination=destination)", destination=destination)


def look(krita):
    width, height = krita.run("[document.width(), document.height()]")
    pixels = krita.run("seen()")
    dtype = np.uint8 if len(pixels) == width * height * 4 else np.uint16
    return np.frombuffer(pixels, dtype).reshape(height, width, 4).astype(int)


@pytest.mark.parametrize("destination", ["layer", "into", "copy"])
def test_what_the_user_did_beside_the_fill_stays_and_undo_brings_all_of_it_back(
    opened, small_photo, destination
):
    krita = opened
    for deed, place in DEEDS.items():
        if destination == "copy" and "setColorSpace" in deed:
            continue  # as into the layer
        if deed == PAINTED and destination == "layer":
            place = BESIDE  # on the fill itself, of which another one is wanted
        begin(krita, small_photo, destination)
        krita.run("do(deed)", deed=deed)
        before = look(krita)

        (said,) = krita.run("again(destination)", destination=destination)

        after = look(krita)
        assert not said[1], (deed, said)
        # A part of a fill that was converted is rounded otherwise.
        changed = np.abs(after - before).max(axis=2) > (0 if before.max() < 256 else 257)
        rows, columns = np.nonzero(changed)
        assert len(rows) == (place[2] * place[3] if place else 0), deed
        if place:
            assert [columns.min(), rows.min()] == [*place[:2]]
        krita.run("back()")
        assert np.array_equal(look(krita), before), deed


def test_filled_copy_that_was_moved_away_from_its_original_stays_one(opened, small_photo):
    krita = opened
    for deed in ("holder().move(20, 10)", "layer('Background').remove()"):
        begin(krita, small_photo, "copy")
        krita.run("do(deed)", deed=deed)
        before = look(krita)

        (said,) = krita.run("again('layer')")

        assert not said[1], said
        assert np.array_equal(look(krita), before), deed
        assert krita.run("holder().visible() and holder().type()") == "paintlayer"
        krita.run("back()")
        assert np.array_equal(look(krita), before), deed


@pytest.mark.parametrize(
    ("destination", "deed", "sentence"),
    [
        ("layer", "holder().mergeDown()", "The last fill is no longer in the image"),
        ("layer", "document.flatten()", "The last fill is no longer in the image"),
        ("copy", "holder().remove()", "The last fill is no longer in the image"),
        ("layer", "layer('Background').remove()", "The layer that was filled is no longer"),
        (
            "into",
            "document.scaleImage(400, 280, 72, 72, 'Bilinear')",
            "The image was changed from 200 x 140 to 400 x 280 px",
        ),
    ],
)
def test_fill_that_cannot_be_done_again_is_told_in_one_sentence(
    opened, small_photo, destination, deed, sentence
):
    krita = opened
    begin(krita, small_photo, destination)
    krita.run("do(deed)", deed=deed)
    before = look(krita)

    (said,) = krita.run("again(destination)", destination=destination)

    assert said[0].startswith(sentence)
    assert said[1]
    assert np.array_equal(look(krita), before), "nothing was changed"
