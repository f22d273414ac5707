"""What may be copied: how far a window has to reach for it, and that nothing else is copied."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lacuna.engine.geometry.context import along, context_window, plan_job
from lacuna.engine.geometry.regions import plan_regions
from lacuna.engine.pixels.document import Document
from lacuna.engine.sources import find_barred, widen
from lacuna_wire import JobRequest, Options, PixelLayout, Rect
from lacuna_wire.errors import Unprocessable
from lacuna_wire.options import DIRECTIONS
from lacuna_wire.planes import enough_sources
from tests.drawn import RGB, fill_whole, plan_of, select
from tests.fakes.networks import StandIn

IMAGE = Rect(0, 0, 900, 700)
PLANES = ("pixels", "selection", "sources")
PARTS = st.builds(
    Rect, st.integers(0, 899), st.integers(0, 699), st.integers(1, 600), st.integers(1, 500)
).map(lambda part: part.intersect(IMAGE))


def job(part, direction="any", sources=None, grow=0):
    options = Options(grow=grow, copy_direction=direction)
    planes = PLANES if sources else PLANES[:2]
    return JobRequest("x", *IMAGE[2:], part, PixelLayout("RGB"), options, planes, sources)


@pytest.mark.parametrize("grow", [0, 30])
def test_window_of_a_job_is_the_context_of_its_selection_if_everything_may_be_copied(grow):
    part = Rect(300, 200, 120, 60)

    window, _tiles = plan_job(job(part, grow=grow))

    assert window == context_window(part.grow(grow), IMAGE)


@given(PARTS, PARTS, st.sampled_from(DIRECTIONS))
def test_window_of_a_job_holds_all_that_the_request_says_may_be_copied(part, sources, direction):
    window, _tiles = plan_job(job(part, direction, sources))
    without, _tiles = plan_job(job(part, direction))

    assert window == without.union(sources)
    assert IMAGE.contains(window)


@settings(deadline=None)
@given(PARTS, st.sampled_from(DIRECTIONS[1:]))
def test_window_of_a_job_holds_enough_in_the_direction_that_is_copied_from(part, direction):
    """As the engine counts it, also where the image ends beside the part."""
    request = job(part, direction)
    window, _tiles = plan_job(request)
    selection = select(window.height, window.width, part.relative_to(window))
    document = Document(np.zeros((*selection.shape, 3), np.uint8), selection, RGB)
    (region,) = plan_regions(selection, 0)

    seen = widen(document, region, request.options, selection // 255)

    barred = find_barred(document, seen, request.options, whole=False)
    allowed = np.count_nonzero((barred == 0) & (selection[seen.window.slices] == 0))
    everything = along(part, direction, IMAGE)
    assert allowed >= enough_sources(part.area) or window.contains(everything)


def test_window_that_a_part_sees_anyway_does_not_grow_for_a_direction():
    part = Rect(300, 200, 320, 320)

    assert plan_job(job(part, "vertical")) == plan_job(job(part))


def far_sources(allowed, hole):
    """A picture of one gray with a hole; far away, where alone may be copied, it has stripes."""
    samples = np.full((IMAGE.height, IMAGE.width, 3), 128, np.uint8)
    samples[allowed.slices][:, ::2] = 255
    samples[allowed.slices][:, 1::2] = 0
    return Document(
        samples, select(*samples.shape[:2], hole), RGB, select(*samples.shape[:2], allowed)
    )


@pytest.mark.parametrize(
    "hole", [Rect(40, 40, 20, 20), Rect(30, 30, 120, 90)], ids=["small", "large"]
)
def test_only_what_is_allowed_is_copied_however_far_away(hole):
    allowed = Rect(700, 500, 150, 150)
    document = far_sources(allowed, hole)
    options = Options(result="composite", colour_correction=False)

    (plan,) = plan_of(document, options, StandIn()).regions
    whole = fill_whole(document, options, StandIn())

    assert plan.region.window.contains(hole.union(Rect(*allowed[:2], 8, 8)))
    contrast = np.abs(np.diff(whole[hole.slices][..., 1].astype(int), axis=1))
    assert (contrast > 100).mean() > 0.8


def test_window_without_enough_that_may_be_copied_is_refused_with_what_there_is():
    document = far_sources(Rect(700, 500, 9, 8), Rect(40, 40, 20, 20))

    with pytest.raises(Unprocessable, match="72 px may be copied") as caught:
        plan_of(document, Options(), StandIn())
    assert caught.value.code == "too_few_sources"
