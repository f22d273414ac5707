"""What a fill will do is decided once: its masks, what it covers, and what its result is."""

import numpy as np
import pytest

from lacuna.engine import inpaint, plan, sources
from lacuna.engine.pixels.document import Document
from lacuna.engine.pixels.hole import unpack_hole
from lacuna_wire import Options, PixelLayout, Rect
from tests.drawn import fill_whole, noise, plan_of, select
from tests.fakes.networks import StandIn

HOLES = Rect(40, 50, 20, 30), Rect(500, 60, 30, 20)
AUTO = Options(result="auto")


def document_of(layout="RGBA", clear=None, allowed=None):
    """Two holes in opaque noise; what is `clear` is transparent, and what is `allowed` may be."""
    samples = noise(200, 700, len(layout))
    if layout == "RGBA":
        samples[..., 3] = 255
    if clear:
        samples[clear.slices] = 0
    may = None if allowed is None else select(200, 700, allowed)
    return Document(samples, select(200, 700, *HOLES), PixelLayout(layout), may)


def test_each_hole_and_what_is_barred_of_its_window_is_found_once(monkeypatch):
    found = []

    def counted(module, name):
        plain = getattr(module, name)

        def count(*arguments):
            found.append(name)
            return plain(*arguments)

        monkeypatch.setattr(module, name, count)

    counted(plan, "find_hole")
    counted(plan, "find_barred")
    counted(plan, "plan_regions")
    document = document_of(allowed=Rect(0, 0, 700, 190))

    fill_whole(document, AUTO, StandIn())

    assert not {"find_hole", "find_barred", "plan_regions"} & set(vars(inpaint))
    assert sorted(found) == ["find_barred"] * 2 + ["find_hole"] * 2 + ["plan_regions"]


def test_plan_keeps_what_is_barred_for_the_fill():
    document = document_of(allowed=Rect(0, 0, 700, 90))

    for each in plan_of(document, AUTO, StandIn()).regions:
        barred = sources.find_barred(document, each.region, AUTO, whole=True)
        np.testing.assert_array_equal(unpack_hole(each.hole).barred, barred)


def test_plan_covers_all_holes_with_what_they_grow_by():
    made = plan_of(document_of(), Options(grow=7), StandIn())

    assert made.rect == HOLES[0].grow(7).union(HOLES[1].grow(7))


@pytest.mark.parametrize(
    ("document", "result"),
    [
        (document_of(), "layer"),
        (document_of("RGB"), "composite"),
        (document_of(clear=Rect(60, 40, 30, 50)), "composite"),
        (document_of(clear=Rect(200, 40, 30, 50)), "layer"),
    ],
    ids=["opaque", "no alpha", "transparent beside a hole", "transparent between the holes"],
)
def test_auto_is_a_layer_if_no_fill_has_alpha(document, result):
    assert plan_of(document, AUTO, StandIn()).options.result == result


@pytest.mark.parametrize("result", ["layer", "composite"])
def test_result_that_is_asked_for_is_what_is_made(result):
    document = document_of(clear=Rect(60, 40, 30, 50))

    assert plan_of(document, Options(result=result), StandIn()).options.result == result
