"""What the plug-in makes of every kind of image, held against the engine, in a real GIMP."""

import re
from pathlib import Path

import numpy as np
import pytest

from lacuna.samples import DTYPES
from lacuna_wire import PixelLayout, Rect
from tests.editors.fills import ROUNDING, engine_fill

# Case of cases.py -> how its samples lie.
LAYOUTS = {
    "u8": PixelLayout("RGBA", "u8", "srgb"),
    "u8_linear": PixelLayout("RGBA", "u8", "linear"),
    "u8_perceptual": PixelLayout("RGBA", "u8", "srgb"),
    "u16": PixelLayout("RGBA", "u16", "srgb"),
    "u32": PixelLayout("RGBA", "f32", "srgb"),
    "half": PixelLayout("RGBA", "f16", "srgb"),
    "float_linear": PixelLayout("RGBA", "f32", "linear"),
    "float": PixelLayout("RGBA", "f32", "srgb"),
    "double_linear": PixelLayout("RGBA", "f32", "linear"),
    "bright": PixelLayout("RGBA", "f32", "linear"),
    "gray": PixelLayout("GRAYA", "u8", "srgb"),
    "gray_linear": PixelLayout("GRAYA", "f32", "linear"),
    "feathered_float": PixelLayout("RGBA", "f32", "linear"),
}
U8_CASES = (
    "feathered", "two_parts", "at_the_border", "with_alpha", "adobe_rgb", "layer_with_offset",
    "layer_larger_than_canvas", "layer_smaller_than_canvas", "options", "layer_mask",
    "layer_in_a_group", "group",
)  # fmt: skip
CASES = (*LAYOUTS, *U8_CASES)
ASKED = ("grow", "feather")
# What cases.py does, in parts that nobody has to wait long for.
PARTS = ("depths", "colours", "selections", "layers", "clicks", "refusals")
REFUSALS = {
    "no_selection": "Nothing is selected",
    "selection_outside_the_layer": "The selection does not touch the layer “Background”",
    "several_layers": "2 layers are active",
    "no_layer": "No layer is active",
    "channel": "“red” is a channel",
    "everything_selected": "There is nothing around the selection to fill it from",
    "weights_not_there": "The model “nobody-has-these” is not installed",
    "floating_selection": "Anchor it or make it a layer",
    "indexed": "Image > Mode > RGB",
}


class Case:
    """What cases.py wrote down of one fill."""

    def __init__(self, folder, name, facts):
        self.name, self.facts = name, facts
        assert facts["error"] is None, facts["error"]
        self.layout = LAYOUTS.get(name, PixelLayout())
        self.source, self.place = Rect(*facts["source"]), Rect(*facts["place"])
        self.rect = self.place.relative_to(self.source)

        def read(what, rect, dtype, channels):
            data = np.frombuffer((folder / f"{name}.{what}.raw").read_bytes(), dtype)
            return data.reshape(rect.height, rect.width, channels)

        samples = DTYPES[self.layout.sample], self.layout.channel_count
        self.before = read("before", self.source, *samples)
        self.after = read("after", self.source, *samples)
        self.fill = read("fill", self.place, *samples)
        self.selection = read("selection", self.source, np.uint8, 1)[..., 0]


@pytest.fixture(scope="module")
def report(console, shared_daemon):
    shared_daemon.introduce(console.room.state)
    console.run(Path(__file__).with_name("cases.py").read_text("utf-8"))
    for part in PARTS:
        console.run(f"{part}()")
    return console.run("report")


@pytest.fixture
def case(request, console, report):
    return Case(console.room.folder, request.param, report[request.param])


every_case = pytest.mark.parametrize("case", CASES, indirect=True)


@every_case
def test_fill_is_what_the_engine_gives_for_this_window(case):
    asked = {key: value for key, value in case.facts["arguments"].items() if key in ASKED}
    rect, expected = engine_fill(case.before, case.selection, case.layout, **asked)

    assert rect == case.rect
    seen = expected[..., -1] > 0
    difference = np.abs(case.fill.astype(np.float64) - expected)[seen]
    assert difference.max() <= ROUNDING[case.layout.sample]


@pytest.mark.parametrize("case", ["bright"], indirect=True)
def test_light_above_white_is_filled_with_its_like(case):
    known, fill = case.before[case.selection == 0][:, :3], case.fill[case.fill[..., 3] > 0][:, :3]

    assert known.min() >= 1.5
    assert known.min() <= fill.min() <= fill.max() <= known.max()
    assert fill.max() - fill.min() > 0.1


@every_case
def test_source_layer_is_untouched(case):
    assert np.array_equal(case.before, case.after)


@every_case
def test_alpha_of_the_new_layer_is_the_selection(case):
    full_scale = {"u8": 255, "u16": 65535}.get(case.layout.sample, 1.0)
    alpha = case.fill[..., -1] / full_scale
    selection = case.selection[case.rect.slices] / 255
    if case.name == "options":  # grown and feathered by the daemon
        assert case.place == Rect(194, 144, 42, 62)
        assert alpha.max() == 1
        assert alpha[0].max() < 0.5
        return

    # Half precision has steps of 1/2048 below 1.
    assert np.abs(alpha - selection).max() <= 1 / 2048
    outside = case.selection.copy()
    outside[case.rect.slices] = 0
    assert not outside.any()


@every_case
def test_new_layer_lies_above_its_source_which_stays_active(case):
    facts = case.facts

    assert re.fullmatch(r"Inpaint \d+", facts["name"])
    for promise in ("above", "same_parent", "still_active", "returned_is_in_image"):
        assert facts[promise], promise
    linear = case.layout.transfer == "linear"
    perceptual = "rgb-perceptual" if case.name == "u8_perceptual" else "rgb-non-linear"
    assert facts["mixed_in"] == ("rgb-linear" if linear else perceptual)


def test_fill_from_all_that_is_visible_lies_on_top(report):
    facts = report["visible"]

    assert facts["error"] is None
    assert facts["position"] == 0
    assert facts["layers"] == ["Inpaint 1", "Background copy", "Background"]


def test_second_click_works_on_the_picture_and_not_on_the_answer(report):
    assert report["second_click"]["error"] is None
    assert report["second_click"]["name"] == "Inpaint 2"


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_done_is_refused_with_a_sentence(report, case):
    assert REFUSALS[case] in report[case]["error"]
    assert report[case]["unchanged"]
    assert not report[case]["done"]
