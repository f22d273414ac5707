"""What may be copied: nothing from outside of it, on any route; too little is one sentence."""

from functools import partial

import numpy as np
import pytest

from lacuna.engine import plan as plan_module
from lacuna.engine.completion.backend.processor import Processor
from lacuna.engine.completion.backend.pytorch import PyTorch
from lacuna.engine.completion.problem import Matches
from lacuna.engine.completion.refine import refine
from lacuna.engine.completion.schedule import TUNING
from lacuna.engine.completion.starts.coarser import CompletedLevel, take_over
from lacuna.engine.pixels.document import Document
from lacuna_wire import Options, PixelLayout, Rect
from lacuna_wire.errors import Unprocessable
from tests.drawn import RGB, draw_sources, fill_whole, plan_of, problem_of, select
from tests.fakes.networks import StandIn, paint

MARKER = (255, 0, 255)
GRAIN = 20  # of what may be copied, in red and blue
COMPOSITE = Options(result="composite", colour_correction=False)
PICTURE = Rect(0, 0, 240, 200)
ALLOWED = {
    "the left": Rect(0, 0, 90, 200),
    "a strip": Rect(0, 0, 240, 24),
    "a corner": Rect(0, 160, 60, 40),
}
HOLES = {
    "thin": Rect(60, 95, 120, 8),
    "small": Rect(110, 90, 24, 24),
    "large": Rect(95, 60, 80, 80),
    "at the border": Rect(190, 60, 50, 60),
}
# What a network shows is what patches copied: it is looked at in the routes of both kinds.
NETWORKS = {
    "corrects": lambda: StandIn(lambda image, _mask: image),
    "proposes": lambda: StandIn(paint(0.2, 0.5, 0.1), "proposes", max_hole_radius_px=4),
}


def marked(allowed, hole, channels=3, height=200, width=240):
    """Draw green and dark grain that may be copied, the marker colour elsewhere, and a mask."""
    rng = np.random.default_rng(9)
    samples = np.full((height, width, channels), 255, np.uint8)
    samples[..., :3] = MARKER
    inside = allowed.slices
    size = samples[inside].shape[:2]
    samples[inside][..., 0] = samples[inside][..., 2] = rng.integers(0, GRAIN + 1, size)
    samples[inside][..., 1] = rng.integers(60, 255, size)
    sources = np.zeros((height, width), np.uint8)
    sources[inside] = 255
    selection = select(height, width, hole)
    return Document(samples, selection, RGB if channels == 3 else PixelLayout("RGBA"), sources)


def use_tuning(monkeypatch, **changes):
    """Plan with other numbers."""
    tuning = TUNING._replace(**changes)
    for name in ("plan_region", "plan_fill"):
        planned = getattr(plan_module, name)
        monkeypatch.setattr(planned, "__defaults__", (*planned.__defaults__[:-1], tuning))


def marker_in(whole, document):
    """How many of the selected pixels have any of the marker in them: red or blue.

    A patch may be shifted by a tenth to meet its surroundings, grain has up to GRAIN, and where
    sources meet it may add up.
    """
    inside = whole[document.selection > 0].astype(int)
    return np.count_nonzero(np.maximum(inside[:, 0], inside[:, 2]) > 26 + 2 * GRAIN)


CASES = [
    ("the left", "thin", "corrects"),
    ("a strip", "small", "corrects"),
    ("a corner", "large", "corrects"),
    ("a strip", "at the border", "corrects"),
    ("the left", "small", "proposes"),
    ("a corner", "large", "proposes"),
]


@pytest.mark.parametrize(("allowed", "hole", "network"), CASES)
def test_nothing_is_copied_from_outside_of_the_mask(allowed, hole, network):
    document = marked(ALLOWED[allowed], HOLES[hole])

    whole = fill_whole(document, COMPOSITE, NETWORKS[network]())

    assert marker_in(whole, document) == 0


def test_without_a_mask_the_marker_is_what_is_copied():
    document = marked(ALLOWED["the left"], HOLES["small"])._replace(sources=None)

    whole = fill_whole(document, COMPOSITE, NETWORKS["corrects"]())

    assert marker_in(whole, document) > 500


@pytest.mark.parametrize(
    ("device", "channels", "piecewise"),
    [("processor", 3, True), ("processor", 4, True), ("cpu", 3, False), ("cpu", 4, False)],
)
def test_nor_in_a_large_window_nor_by_another_backend(device, channels, piecewise, monkeypatch):
    if piecewise:
        use_tuning(monkeypatch, whole_window_px=1000)
    document = marked(ALLOWED["the left"], HOLES["small"], channels)
    if channels == 4:
        document.samples[150:, 200:] = 0  # so that there is emptiness in sight
        document.samples[80:88, 136:144] = 0
    backend = Processor() if device == "processor" else PyTorch(device)

    whole = fill_whole(
        document, COMPOSITE, NETWORKS["corrects"](), refine=partial(refine, backend=backend)
    )

    plan = plan_of(document, COMPOSITE, StandIn()).regions[0]
    assert plan.schedule.whole != piecewise
    assert plan.route == ("complete" if channels == 4 else "correct")
    assert marker_in(whole, document) == 0


@pytest.mark.parametrize("direction", ["horizontal", "vertical"])
@pytest.mark.parametrize("piecewise", [False, True])
def test_nothing_is_copied_from_another_direction(direction, piecewise, monkeypatch):
    """A cross of grain through the hole: the arms of the other direction are the marker's."""
    if piecewise:
        use_tuning(monkeypatch, whole_window_px=1000)
    hole = Rect(100, 80, 36, 36)
    slack = 13 if piecewise else 6  # by which a band is wider than the hole
    band = hole.grow(slack)
    across = direction == "horizontal"
    allowed = Rect(0, band.top, 240, band.height) if across else Rect(band.left, 0, band.width, 200)
    document = marked(allowed, hole)._replace(sources=None)
    options = Options(result="composite", colour_correction=False, copy_direction=direction)

    whole = fill_whole(document, options, NETWORKS["corrects"]())

    assert marker_in(whole, document) == 0


@pytest.mark.parametrize("value", [1, 254])
def test_only_what_is_fully_in_the_mask_may_be_copied(value):
    document = marked(ALLOWED["the left"], HOLES["small"])
    document.sources[:, 90:] = value

    whole = fill_whole(document, COMPOSITE, NETWORKS["corrects"]())

    assert marker_in(whole, document) == 0


def test_window_grows_until_it_has_enough_to_copy():
    document = marked(Rect(0, 0, 1000, 40), Rect(480, 500, 30, 30), height=600, width=1000)

    plan = plan_of(document, COMPOSITE, StandIn()).regions[0]
    whole = fill_whole(document, COMPOSITE, NETWORKS["corrects"]())

    assert plan.region.window.top < 40
    assert marker_in(whole, document) == 0
    near = document._replace(sources=None)
    assert plan_of(near, COMPOSITE, StandIn()).regions[0].region.window.top > 300


def test_mask_that_allows_everything_changes_nothing():
    document = marked(ALLOWED["the left"], HOLES["large"])
    all_of_it = document._replace(sources=np.full_like(document.sources, 255))

    one, other = (
        fill_whole(each, COMPOSITE, NETWORKS["corrects"]())
        for each in (all_of_it, document._replace(sources=None))
    )

    assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("size", [0, 6, 7, 12])
def test_too_little_to_copy_from_is_one_sentence_with_what_there_is(size):
    document = marked(Rect(3, 3, size, size), HOLES["small"])

    with pytest.raises(Unprocessable) as refused:
        plan_of(document, COMPOSITE, StandIn())

    assert refused.value.code == "too_few_sources"
    places = max(0, size - 6) ** 2
    words = f"{places} place" if places == 1 else f"{places} places"
    said = str(refused.value)
    assert f"px around the selection {size * size:,} px may be copied" in said
    assert f"a square of 7 x 7 px fits in there in {words}; 64 are needed" in said


def test_as_little_as_is_said_to_be_needed_is_enough():
    document = marked(Rect(3, 3, 14, 14), HOLES["small"])

    whole = fill_whole(document, COMPOSITE, NETWORKS["corrects"]())

    assert marker_in(whole, document) == 0


def test_finer_level_takes_over_no_source_that_may_not_be_copied():
    coarser = problem_of(hole=np.s_[10:18, 10:20])
    problem = problem_of(np.zeros((120, 140, 3), np.float32), np.s_[20:36, 20:40])
    source = draw_sources(coarser)
    nothing = np.zeros((len(source), 3), np.float32)
    done = CompletedLevel(coarser.completed, coarser, Matches(source, nothing[:, 0], nothing))
    allowed = problem.is_source.copy().reshape(-1, problem.stride)
    allowed[:, 60:] = False
    limited = problem._replace(is_source=allowed.ravel())

    taken = take_over(done, limited, np.random.default_rng(1))

    assert limited.is_source[taken].all()
    free = take_over(done, problem, np.random.default_rng(1))
    assert not limited.is_source[free].all()
