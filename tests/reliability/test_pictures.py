"""Hostile pixels and hostile files: known pixels come back, or one sentence says why not."""

import itertools
import json
import os
import subprocess
import sys
import uuid
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from lacuna.filler import Filler
from lacuna.samples import DTYPES
from lacuna.service.orders import Order
from lacuna.worker import fill_order
from lacuna_wire import JobRequest, LacunaError, Options, PixelLayout, Rect
from lacuna_wire.layout import CHANNELS, SAMPLE_BYTES, TRANSFERS

FAKES = Path(__file__).parents[1] / "fakes"
HEIGHT, WIDTH = 80, 110


@pytest.fixture(scope="module")
def filler():
    return Filler()


def fill_by_worker(filler, folder, samples, selection, layout, result="composite"):
    """Let the worker's own code fill a file, as the daemon would; return rect and samples."""
    height, width = selection.shape
    whole = Rect(0, 0, width, height)
    request = JobRequest(
        str(uuid.uuid4()), width, height, whole, layout, Options(result=result, device="cpu")
    )
    order = Order(request.id, folder / "in", folder / "out", whole, request, False)
    order.input.write_bytes(samples.tobytes() + selection.tobytes())
    order.output.unlink(missing_ok=True)
    filled = fill_order(filler, order, lambda *_: None, lambda: False)
    shape = (filled.rect.height, filled.rect.width, layout.channel_count)
    assert order.output.stat().st_size == np.prod(shape) * DTYPES[layout.sample].itemsize
    return filled.rect, np.fromfile(order.output, DTYPES[layout.sample]).reshape(shape)


def samples_of(layout, height=HEIGHT, width=WIDTH):
    dice = np.random.default_rng(4)
    shape = (height, width, layout.channel_count)
    kind = DTYPES[layout.sample]
    if kind.kind == "f":
        return dice.random(shape, np.float32).astype(kind)
    return dice.integers(0, np.iinfo(kind).max, shape, endpoint=True).astype(kind)


def as_bits(samples):
    return samples.view(f"u{samples.dtype.itemsize}")


def check_known(before, after, rect, selection):
    """Pixels that were not selected are the same bits, NaN too."""
    known = selection[rect.slices] == 0
    np.testing.assert_array_equal(as_bits(before[rect.slices])[known], as_bits(after)[known])


def selection_named(name):
    selection = np.zeros((HEIGHT, WIDTH), np.uint8)
    if name == "one pixel":
        selection[40, 50] = 255
    elif name == "a frame of one pixel":
        selection[[0, -1]] = selection[:, [0, -1]] = 255
    elif name == "a checkerboard":
        selection[np.indices(selection.shape).sum(axis=0) % 2 == 0] = 255
    elif name == "all but one pixel":
        selection[:] = 255
        selection[40, 50] = 0
    elif name == "faintly":
        selection[30:40, 30:40] = 1
    elif name == "everything":
        selection[:] = 255
    return selection


@pytest.mark.parametrize(
    "name",
    ["one pixel", "a frame of one pixel", "a checkerboard", "all but one pixel", "faintly"],
)
def test_odd_selections_are_filled_and_known_pixels_stay(filler, tmp_path, name):
    layout, selection = PixelLayout("RGBA"), selection_named(name)
    before = samples_of(layout)
    before[..., 3] = 255
    rect, after = fill_by_worker(filler, tmp_path, before, selection, layout)

    check_known(before, after, rect, selection)
    assert (after[..., 3] == 255).all()


@pytest.mark.parametrize(
    ("name", "code"), [("nothing", "empty_selection"), ("everything", "no_context")]
)
def test_selections_that_make_no_sense_are_one_sentence_and_need_no_network(tmp_path, name, code):
    layout = PixelLayout("RGB")
    filler = Filler()
    with pytest.raises(LacunaError) as caught:
        fill_by_worker(filler, tmp_path, samples_of(layout), selection_named(name), layout)

    assert caught.value.code == code
    if name == "nothing":
        assert filler._network is None


LAYOUTS = [
    PixelLayout(*words) for words in itertools.product(CHANNELS, SAMPLE_BYTES, TRANSFERS)
]  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: "-".join(layout))
def test_every_layout_of_the_protocol_is_filled_and_known_pixels_stay(filler, tmp_path, layout):
    selection = np.zeros((40, 50), np.uint8)
    selection[15:22, 20:30] = 255
    before = samples_of(layout, 40, 50)
    rect, after = fill_by_worker(filler, tmp_path, before, selection, layout)

    check_known(before, after, rect, selection)
    if before.dtype.kind == "f":
        assert np.isfinite(after[selection[rect.slices] > 0]).all()


HOSTILE = {
    "nan": np.nan, "infinity": np.inf, "minus infinity": -np.inf, "huge": 1e38,
    "minus huge": -1e38, "denormal": 1e-42, "negative": -0.5, "minus zero": -0.0,
}  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("channels", ["RGB", "RGBA", "GRAY"])
def test_hostile_numbers_stay_where_they_were_and_never_enter_the_fill(
    filler, tmp_path, value, channels
):
    """Around the hole, in it, and in its alpha."""
    layout = PixelLayout(channels, "f32", "linear")
    before = samples_of(layout)
    selection = np.zeros((HEIGHT, WIDTH), np.uint8)
    selection[30:50, 40:70] = 255
    dice = np.random.default_rng(8)
    with np.errstate(over="ignore"):
        before[dice.random(before.shape) < 0.1] = np.float32(value)
    rect, after = fill_by_worker(filler, tmp_path, before, selection, layout)

    check_known(before, after, rect, selection)
    colours = after[..., :-1] if layout.has_alpha else after
    assert np.isfinite(colours[selection[rect.slices] > 0]).all()


@pytest.mark.parametrize(
    "count", [40, pytest.param(2000, marks=[pytest.mark.long, pytest.mark.timeout(1800)])]
)
def test_damaged_pictures_end_as_a_result_or_one_sentence(tmp_path, figure, count):
    ends, slowest_s, peak_mib, number, deaths = Counter(), 0.0, 0.0, 0, []
    while number < count:
        done = subprocess.run(
            [sys.executable, str(FAKES / "mutilate.py"), str(number), str(count), str(tmp_path)],
            capture_output=True, text=True, env=os.environ, check=False,
        )  # fmt: skip
        reports = [json.loads(line) for line in done.stdout.splitlines()]
        for report in reports:
            ends[report["end"]] += 1
            assert not report["left"], report
            slowest_s = max(slowest_s, report["seconds"])
            peak_mib = max(peak_mib, report["peak_mib"])
        number += len(reports)
        if done.returncode:
            deaths.append((number, done.returncode, done.stderr[-300:]))
            number += 1
    name = f"{count:,} damaged pictures through the command line"
    assert ends["done"] + sum(ends.values()) > 0
    figure("B10", f"{name}: ends without a sentence", len(deaths), "", 0)
    figure("B10", f"{name}: filled all the same", ends["done"], "")
    figure("B10", f"{name}: slowest", slowest_s, "s", 10)
    figure("B10", f"{name}: largest memory", peak_mib, "MiB", 2048)
