"""The worker finds the planes of an upload where the request says that they are."""

import uuid

import numpy as np
import pytest

from lacuna.filler import Filler
from lacuna.samples import DTYPES
from lacuna.service.orders import Order
from lacuna.worker import fill_order, map_document
from lacuna_wire import JobRequest, Options, PixelLayout, Rect
from lacuna_wire.messages import REQUIRED_PLANES
from lacuna_wire.options import AUTO_GROW, MOST_AUTO_GROW

WINDOW = Rect(3, 2, 61, 47)  # odd: floats behind the selection are not aligned
SELECTED = Rect(25, 20, 9, 8)
ORDERS = [REQUIRED_PLANES, REQUIRED_PLANES[::-1]]
LAYOUTS = [PixelLayout("RGBA", "u8"), PixelLayout("GRAYA", "f32"), PixelLayout("BGRA", "u16")]


def upload(folder, layout, planes):
    """Order and planes of a job whose upload lies in a file."""
    options = Options(device="cpu", result="composite")
    asked = JobRequest(str(uuid.uuid4()), 100, 80, SELECTED, layout, options, planes)
    dice = np.random.default_rng(1)
    shape = (WINDOW.height, WINDOW.width, layout.channel_count)
    samples = dice.integers(1, 200, shape).astype(DTYPES[layout.sample])
    selection = np.zeros(shape[:2], np.uint8)
    selection[SELECTED.relative_to(WINDOW).slices] = 255
    parts = {"pixels": samples.tobytes(), "selection": selection.tobytes()}
    order = Order(asked.id, folder / "in", folder / "out", WINDOW, asked, False)
    order.input.write_bytes(b"".join(parts[name] for name in planes))
    return order, samples, selection


@pytest.mark.parametrize("planes", ORDERS, ids="-".join)
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: "-".join(layout[:2]))
def test_planes_are_mapped_in_the_order_of_the_request(tmp_path, layout, planes):
    order, samples, selection = upload(tmp_path, layout, planes)
    document = map_document(order.input, order.window, order.request)

    np.testing.assert_array_equal(document.samples[:], samples)
    np.testing.assert_array_equal(document.selection[:], selection)


def test_order_of_the_planes_does_not_change_the_fill(tmp_path):
    filler, made = Filler(), []
    for planes in ORDERS:
        order, *_ = upload(tmp_path, PixelLayout("GRAYA", "f32"), planes)
        order.output.unlink(missing_ok=True)
        filled = fill_order(filler, order, lambda _progress: None, lambda: False)
        made.append((filled.rect, order.output.read_bytes()))

    assert made[0] == made[1]


def test_worker_grows_the_selection_where_what_it_selects_bleeds_and_says_how_far(tmp_path):
    order, samples, _selection = upload(tmp_path, PixelLayout("RGBA", "u8"), REQUIRED_PLANES)
    options = Options(device="cpu", result="composite", grow=AUTO_GROW)
    y, x = np.mgrid[: WINDOW.height, : WINDOW.width]
    away = np.hypot(y - 23, x - 30)
    alpha = (1 / (1 + np.exp(away - 9)))[..., None]  # a disc with a soft edge
    noise = np.random.default_rng(2).normal(100, 1, (*away.shape, 3))
    samples[..., :3] = noise * (1 - alpha) + np.array([230, 20, 20]) * alpha
    samples[..., 3] = 255
    selection = np.where(away <= 9, 255, 0).astype(np.uint8)
    order.input.write_bytes(samples.tobytes() + selection.tobytes())
    bounds = Rect(24, 16, 19, 19)
    order = order._replace(request=order.request._replace(options=options, selection=bounds))

    filled = fill_order(Filler(), order, lambda _progress: None, lambda: False)

    assert 2 <= filled.grown_px <= MOST_AUTO_GROW
    assert filled.rect.contains(bounds.grow(2))
