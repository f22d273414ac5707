"""What the dialog says of a fill before the click, where no GIMP is needed."""

from types import SimpleNamespace

import numpy as np
import pytest

from lacuna.engine.pixels.hole import soften
from lacuna_wire import Options, Rect, questions
from lacuna_wire.editor import EditorSettings
from lacuna_wire.errors import DaemonUnreachable, NotFound
from lacuna_wire.messages import JobEstimate

SOURCE = Rect(-3, 4, 40, 30)


@pytest.fixture
def preview():
    from lacuna_gimp import preview

    return preview


def picture(area, seed=1):
    """A source with a selection in that area of the canvas, as GIMP would be read."""
    canvas = np.zeros((60, 60), np.uint8)
    rng = np.random.default_rng(seed)
    canvas[area.slices] = (rng.random((area.height, area.width)) < 0.1) * 255
    return canvas


def selected_in(preview, canvas, area, cell=1):
    mask = preview.thinned(lambda rect: canvas[rect.slices].tobytes(), area, cell)
    return preview.Selected(SOURCE, area, area, mask, cell)


@pytest.mark.parametrize("grow", [0, 1, 5, 30])
def test_as_many_pixels_are_counted_as_the_engine_will_fill(preview, grow):
    area = Rect(2, 5, 30, 20)
    canvas = picture(area)
    source = np.zeros((SOURCE.height, SOURCE.width), np.uint8)
    inside = SOURCE.intersect(Rect(0, 0, 60, 60))
    source[inside.relative_to(SOURCE).slices] = canvas[inside.slices]

    counted = preview.count_pixels(selected_in(preview, canvas, area), grow)

    assert counted == np.count_nonzero(soften(source, grow, 0))


def test_large_selection_is_counted_about_right(preview):
    area = Rect(4, 6, 21, 17)
    canvas = np.full((60, 60), 255, np.uint8)

    selected = selected_in(preview, canvas, area, cell=2)

    assert len(selected.mask) == 11 * 9
    assert preview.count_pixels(selected, 0) == pytest.approx(area.area, rel=0.12)
    assert preview.count_pixels(selected, 100) == SOURCE.area


def test_time_is_asked_of_a_daemon_that_runs(preview, monkeypatch):
    asked = []

    def estimate(request):
        asked.append(request)
        return JobEstimate(Rect(0, 0, 9, 9), 405, 1, 2.5)

    def connect(start):
        assert not start
        return SimpleNamespace(estimate=estimate)

    monkeypatch.setattr(questions, "connect", connect)
    selected = selected_in(preview, picture(Rect(2, 5, 8, 8)), Rect(2, 5, 8, 8))
    settings = EditorSettings(options=Options(grow=3), copy_from="only", copy_mask="Sky")

    assert preview.estimate_s(selected, settings) == 2.5
    (request,) = asked
    assert (request.width, request.height) == (40, 30)
    assert request.selection == Rect(5, 1, 8, 8)
    assert request.options.grow == 3
    assert "sources" not in request.planes


@pytest.mark.parametrize("error", [DaemonUnreachable("None runs."), NotFound("An older one.")])
def test_no_time_is_said_where_nobody_knows_it(preview, monkeypatch, error):
    def connect(start):
        raise error

    monkeypatch.setattr(questions, "connect", connect)
    selected = selected_in(preview, picture(Rect(2, 5, 8, 8)), Rect(2, 5, 8, 8))

    assert preview.estimate_s(selected, EditorSettings()) is None
