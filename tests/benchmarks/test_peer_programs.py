"""Other programs run in environments of their own and change no known pixel."""

import sys

import numpy as np
import pytest

from benchmarks.peer_programs import PYTHON_VARIABLE, peers_python
from benchmarks.ways import find_ways
from benchmarks.workbench import CompletionAlone

PROGRAMS = ("pypatchmatch", "resynthesizer")
# Stand-ins: one answers with its patch size, the other with the size of what it is shown.
PATCHMATCH = """
import numpy as np
def inpaint(image, mask, patch_size=15):
    assert image.dtype == np.uint8 and mask.dtype == bool
    return np.full_like(image, patch_size)
"""
RESYNTHESIZER = """
from PIL import Image
class TImageSynthParameters:
    pass
def resynthesize(image, mask, parameters):
    seen = (image.width, image.height, parameters.patchSize)
    return Image.new("RGB", image.size, seen)
"""


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """An interpreter with stand-ins for both programs."""
    (tmp_path / "patchmatch.py").write_text(PATCHMATCH)
    (tmp_path / "resynthesizer.py").write_text(RESYNTHESIZER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return sys.executable


def scene():
    picture = np.random.default_rng(0).integers(100, 256, (400, 500, 3)).astype(np.uint8)
    mask = np.zeros((400, 500), np.uint8)
    return picture, mask


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_fills_the_hole_and_nothing_else(environment, name):
    picture, mask = scene()
    mask[100:120, 60:90] = 255

    filled = find_ways([name], CompletionAlone(), 0, environment)[name](picture, mask)

    assert (filled[mask == 0] == picture[mask == 0]).all()
    answer = (3, 3, 3) if name == "pypatchmatch" else (30 + 100, 20 + 100, 16)
    assert (filled[mask > 0] == answer).all()


def test_resynthesizer_sees_holes_that_are_far_apart_one_after_the_other(environment):
    picture, mask = scene()
    mask[10:20, 10:20] = 255  # its surroundings are cut off by the picture's border
    mask[300:310, 300:320] = 255
    mask[300:310, 380:400] = 255  # near enough to the second to be filled with it

    (fill,) = find_ways(["resynthesizer"], CompletionAlone(), 0, environment).values()
    filled = fill(picture, mask)

    assert (filled[15, 15] == (70, 70, 16)).all()
    assert (filled[305, 310] == (200, 110, 16)).all()
    assert (filled[305, 390] == (200, 110, 16)).all()


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize(
    ("python", "reason"),
    [("", PYTHON_VARIABLE), ("/no/such/python", "cannot be started"), ("ours", "cannot import")],
)
def test_a_program_that_is_not_there_is_left_out_and_a_line_says_why(capsys, name, python, reason):
    python = sys.executable if python == "ours" else python

    assert list(find_ways(["telea", name], CompletionAlone(), 0, python)) == ["telea"]
    assert reason in capsys.readouterr().out


def test_an_argument_names_the_interpreter_before_the_environment_does(monkeypatch):
    monkeypatch.setenv(PYTHON_VARIABLE, "/of/the/environment")
    assert peers_python("/named") == "/named"
    assert peers_python(None) == "/of/the/environment"
    monkeypatch.delenv(PYTHON_VARIABLE)
    assert peers_python(None) == ""
