"""Line art on nothing, filled as a whole: ink goes, outlines go on, and nothing opaque appears."""

import cv2
import numpy as np
import pytest

from lacuna.engine.pixels.document import Document
from lacuna_wire import Options, PixelLayout, Rect
from tests.drawn import circle, fill_whole, ink, line, plan_of, rgba, select
from tests.fakes.networks import StandIn, paint

COMPOSITE = Options(result="composite")
H, W = 170, 190
HOLE = Rect(75, 60, 50, 44)


def document_of(drawn, scribble, hole=HOLE, top=255):
    """Draw ink, and what is to be removed over it."""
    samples = rgba(np.maximum(drawn, scribble), top=top)
    layout = PixelLayout("RGBA", "u8" if top == 255 else "u16")
    return Document(samples, select(H, W, hole), layout)


def fill_ink(drawn, scribble, hole=HOLE, options=COMPOSITE, top=255):
    """Fill; returns alpha in [0, 1], and asserts that all that is there is black."""
    document = document_of(drawn, scribble, hole, top)
    whole = fill_whole(document, options, StandIn(paint(1, 0, 0)))
    outside = document.selection == 0
    assert whole[outside].tobytes() == document.samples[outside].tobytes()
    assert whole[~outside][:, :3].max() <= top // 255
    return whole[..., 3] / top


def pieces(alpha):
    return cv2.connectedComponents((alpha > 0.4).astype(np.uint8), connectivity=8)[0] - 1


AS_SHOWN = StandIn(lambda image, _mask: image, role="corrects")
SCRIBBLE = ink(H, W, circle(80, 100, 12), line(68, 84, 96, 118))
DRAWINGS = {
    "thin line": (ink(H, W, line(20, 20, 150, 175), thick=2), 1),
    "thick line": (ink(H, W, line(70, 0, 90, 189), thick=8), 1),
    "straight line": (ink(H, W, line(82, 0, 82, 189), thick=5), 1),
    "circle": (ink(H, W, circle(120, 100, 42), thick=3), 1),
    "large circle": (ink(H, W, circle(80, 10, 85), thick=5), 1),
    "corner": (ink(H, W, line(82, 0, 82, 100), line(82, 100, 169, 100), thick=4), 1),
    "crossing": (ink(H, W, line(10, 10, 150, 185), line(150, 20, 20, 180), thick=3), 1),
    "hatching": (ink(H, W, *(line(5, x, 165, x + 50) for x in range(5, 140, 18)), thick=2), 8),
    "two lines": (ink(H, W, line(68, 0, 74, 189), line(96, 0, 92, 189), thick=3), 2),
    "tee": (ink(H, W, line(82, 0, 80, 189), line(0, 100, 80, 98), thick=4), 1),
}


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_outline_goes_on_through_the_hole_and_the_scribble_is_gone(drawing):
    drawn, lines = DRAWINGS[drawing]

    alpha = fill_ink(drawn, SCRIBBLE)

    inside = HOLE.slices
    assert pieces(drawn) == pieces(alpha) == lines
    assert np.corrcoef(alpha[inside].ravel(), drawn[inside].ravel())[0, 1] > 0.9
    # Nothing but the outline, two pixels aside at most.
    near = cv2.dilate(drawn, np.ones((7, 7), np.uint8)) > 0
    assert not (alpha[inside] > 0)[~near[inside]].any()


@pytest.mark.parametrize("top", [255, 65535])
def test_where_no_outline_comes_in_nothing_is_left(top):
    beside = ink(H, W, line(20, 0, 20, 189), circle(140, 40, 20), thick=3)

    alpha = fill_ink(beside, SCRIBBLE, top=top)

    assert not alpha[HOLE.slices].any()


def test_fill_of_16_bits_is_that_of_8():
    drawn = DRAWINGS["circle"][0]

    eight, sixteen = (fill_ink(drawn, SCRIBBLE, top=top) for top in (255, 65535))

    # What is copied is the same; what rounding adds is seen where it is drawn.
    np.testing.assert_allclose(eight, sixteen, atol=8 / 255)


def test_same_drawing_is_filled_to_the_same_bytes():
    drawn = DRAWINGS["crossing"][0]

    np.testing.assert_array_equal(fill_ink(drawn, SCRIBBLE), fill_ink(drawn, SCRIBBLE))


def test_ink_keeps_its_grain_where_patches_follow_the_stroke():
    """A stroke is drawn smoothly only where no patch of the drawing's own would do."""
    rng = np.random.default_rng(3)
    drawn = ink(H, W, line(82, 0, 82, 189), thick=9)
    drawn *= np.float32(0.75) + np.float32(0.25) * rng.random((H, W)).astype(np.float32)

    alpha = fill_ink(drawn, SCRIBBLE)

    middle = np.s_[80:85, HOLE.left : HOLE.right]
    assert alpha[middle].std() == pytest.approx(drawn[middle].std(), rel=0.3)


def test_no_network_looks_at_ink():
    document, network = document_of(DRAWINGS["circle"][0], SCRIBBLE), StandIn()

    assert [plan.route for plan in plan_of(document, COMPOSITE, network).regions] == ["complete"]
    fill_whole(document, COMPOSITE, network)
    assert not network.shapes


def test_outline_of_a_cut_out_stays_an_outline():
    """Colour inside, an outline around it, nothing beyond: where all of that is, each stays."""
    rows, columns = np.mgrid[:H, :W].astype(np.float32)
    inside = np.clip(80.5 - columns + (rows - 80) / 4, 0, 1)
    outline = np.clip(2.5 - np.abs(columns - 80 - (rows - 80) / 4), 0, 1)[..., None]
    samples = np.empty((H, W, 4), np.uint8)
    samples[..., :3] = np.rint((1 - outline) * (230, 180, 60) + outline * (20, 10, 40))
    samples[..., 3] = np.rint(255 * np.maximum(inside, outline[..., 0]))
    spoiled = samples.copy()
    spoiled[HOLE.slices] = 0, 200, 0, 255
    document = Document(spoiled, select(H, W, Rect(60, 60, 40, 40)), PixelLayout("RGBA"))
    spoiled[document.selection == 0] = samples[document.selection == 0]

    whole = fill_whole(document, COMPOSITE, StandIn(paint(1, 0, 0)))

    hole = document.selection > 0
    assert np.abs(whole[hole][:, 3].astype(int) - samples[hole][:, 3]).mean() < 255 / 50
    there = hole & (whole[..., 3] > 128) & (samples[..., 3] > 128)
    assert np.abs(whole[there].astype(int) - samples[there]).mean() < 255 / 25


@pytest.mark.parametrize("drawing", ["thick line", "corner", "circle"])
def test_paper_beside_ink_stays_paper(drawing):
    """Where a line ends in the hole, no gray that is nowhere else lies around it."""
    drawn, _lines = DRAWINGS[drawing]
    hole = Rect(45, 40, 90, 90)
    samples = np.repeat(np.rint(250 - 240 * drawn)[..., None], 3, axis=2).astype(np.uint8)
    samples[hole.slices] = 128
    document = Document(samples, select(H, W, hole), PixelLayout("RGB"))

    filled = fill_whole(document, COMPOSITE, AS_SHOWN)[hole.slices]

    square = np.ones((3, 3), np.uint8)
    change = cv2.dilate(filled, square).astype(int) - cv2.erode(filled, square)
    flat = filled[change.max(axis=2) < 24].astype(int)
    away = np.minimum(abs(flat - 250), abs(flat - 10)).max(axis=1)
    assert (away <= 4).mean() > 0.99
