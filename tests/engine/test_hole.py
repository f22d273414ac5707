"""The hole of a window is what the hole of the whole picture has there, however small it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lacuna.engine.pixels.document import Document
from lacuna.engine.pixels.hole import find_hole, pack_hole, unpack_hole
from lacuna_wire import Options, PixelLayout, Rect
from lacuna_wire.errors import Unprocessable

WINDOWS = st.builds(
    Rect, st.integers(0, 80), st.integers(0, 60), st.integers(10, 40), st.integers(10, 40)
)


@settings(max_examples=40, deadline=None)
@given(WINDOWS, st.integers(0, 12))
def test_window_has_the_hole_of_the_whole_picture_also_where_it_grows_into_it(window, grow):
    rng = np.random.default_rng(1)
    selection = np.where(rng.random((100, 120)) > 0.998, 200, 0).astype(np.uint8)
    samples = rng.integers(0, 256, (100, 120, 4)).astype(np.uint8)
    samples[40:45, 50:70, 3] = 0
    document, options = (
        Document(samples, selection, PixelLayout("RGBA")),
        Options(grow=grow, transparency="empty"),
    )
    whole = find_hole(document, options)
    if whole.missing[window.slices].all():
        return

    hole = find_hole(document, options, window)

    np.testing.assert_array_equal(hole.soft, whole.soft[window.slices])
    np.testing.assert_array_equal(hole.missing, whole.missing[window.slices])


def test_window_without_a_known_pixel_is_no_context_whatever_lies_around_it():
    selection = np.zeros((50, 50), np.uint8)
    selection[10:40, 10:40] = 255
    document = Document(np.zeros((50, 50, 3), np.uint8), selection, PixelLayout("RGB"))

    with pytest.raises(Unprocessable, match="Nothing is known") as caught:
        find_hole(document, Options(grow=3), Rect(10, 10, 30, 30))
    assert caught.value.code == "no_context"


def test_packed_hole_is_the_same_again_and_small():
    rng = np.random.default_rng(3)
    selection = np.zeros((301, 407), np.uint8)
    selection[100:220, 50:300] = np.arange(250)
    selection[tuple(rng.integers(0, 300, (2, 9)))] = 7
    samples = np.full((301, 407, 4), 255, np.uint8)
    samples[:40, :, 3] = 0  # transparent, so missing and not selected
    hole = find_hole(
        Document(samples, selection, PixelLayout("RGBA")), Options(feather=3, transparency="empty")
    )

    barred = (rng.random(selection.shape) > 0.999).astype(np.uint8)
    hole = hole._replace(barred=barred)

    packed = pack_hole(hole)

    again = unpack_hole(packed)
    np.testing.assert_array_equal(again.barred, barred)
    assert unpack_hole(pack_hole(hole._replace(barred=None))).barred is None
    np.testing.assert_array_equal(again.soft, hole.soft)
    np.testing.assert_array_equal(again.missing, hole.missing)
    assert (hole.missing != (hole.soft > 0)).any()
    assert len(packed.soft) + len(packed.missing) < (hole.soft.size + hole.missing.size) / 20
