"""The daemon plans a job for the network that will fill it."""

import pytest

from lacuna.commands.service import plan_for_network
from lacuna.engine.geometry.context import context_window, painted_window
from lacuna.network.checkpoints import import_weights
from lacuna_wire import JobRequest, Options, PixelLayout, Rect
from tests.network.conftest import random_generator, save_safetensors

PART, IMAGE = Rect(900, 700, 50, 40), Rect(0, 0, 2000, 1500)


@pytest.fixture
def published(tmp_path, monkeypatch):
    """Weights that paint by themselves, installed under the name of the published ones."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    save_safetensors(random_generator(), tmp_path / "w.safetensors")
    import_weights(tmp_path / "w.safetensors", "big-lama")


def window_for(weights):
    options = Options(weights=weights)
    request = JobRequest("x", IMAGE.width, IMAGE.height, PART, PixelLayout("RGB"), options)
    return plan_for_network(request).window


@pytest.mark.parametrize("weights", ["", "big-lama"])
def test_weights_that_paint_by_themselves_are_sent_more_of_the_picture(weights, published):
    assert window_for(weights).contains(painted_window(PART, IMAGE))


@pytest.mark.parametrize("weights", ["lacuna-small", "unknown"])
def test_others_are_sent_what_they_need(weights, published):
    """Weights that are not there are refused by the worker, which says more."""
    assert window_for(weights) == context_window(PART, IMAGE)
