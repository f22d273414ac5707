"""What may be copied, through the whole line: a client, a socket, the daemon and its worker."""

import numpy as np
import pytest

from lacuna.removal import connect
from lacuna_wire import Options, PixelLayout, Rect
from lacuna_wire.client import inpaint
from lacuna_wire.editor import EditorSettings, new_request
from lacuna_wire.planes import nearest_sources
from tests.commands.conftest import only
from tests.drawn import select

PICTURE = Rect(0, 0, 1000, 700)
HOLE = Rect(40, 60, 24, 30)
FAR = Rect(820, 560, 120, 110)


@pytest.fixture
def striped():
    """A picture of one gray; far from the hole it has black and white columns."""
    samples = np.full((PICTURE.height, PICTURE.width, 3), 128, np.uint8)
    samples[FAR.slices][:, ::2] = 255
    samples[FAR.slices][:, 1::2] = 0
    return samples


def contrast(samples):
    """By how much neighbouring columns differ, on average."""
    return np.abs(np.diff(samples[..., 1].astype(int), axis=1)).mean()


@pytest.mark.parametrize("copy_from", ["only", "never"])
def test_daemon_asks_an_editor_for_what_may_be_copied_however_far_away(base, striped, copy_from):
    """Of a mask for `never` an editor knows no bounds: nearly the whole picture may be copied."""
    planes, windows = {"sources": select(*striped.shape[:2], FAR)}, []
    planes.update(pixels=striped, selection=select(*striped.shape[:2], HOLE))

    def read(plane, rect):
        return np.ascontiguousarray(planes[plane][rect.slices]).data.cast("B")

    def read_window(window):
        windows.append(window)
        return [read(plane, window) for plane in request.planes]

    settings = EditorSettings(options=Options(device="cpu"), copy_from=copy_from, copy_mask="mask")
    needed = nearest_sources(
        lambda rect: bytes(read("sources", rect)),
        FAR if copy_from == "only" else PICTURE,
        HOLE,
        PICTURE,
    )
    layout = PixelLayout("RGB")
    request = new_request(PICTURE[2:], HOLE, layout, settings, "composite", needed)

    with only(base):
        client = connect()
    rect, pixels, _result = inpaint(client, request, read_window, lambda _: None, lambda: False)

    assert windows[0].contains(HOLE.union(needed))
    assert rect == HOLE
    assert contrast(np.frombuffer(pixels, np.uint8).reshape(rect.height, rect.width, 3)) > 150
