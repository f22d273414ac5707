"""`lacuna demo`: the first thing that a user tries."""

import cv2
import numpy as np
import pytest

from tests.commands.conftest import Program

pytest.importorskip("skimage", reason="the demo's photograph comes with scikit-image")


@pytest.fixture(scope="module")
def shown(base, tmp_path_factory):
    """One demo, and the program in its folder."""
    program = Program(base, tmp_path_factory.mktemp("demo"))
    return program("demo"), program


def test_demo_shows_before_and_after_and_says_how_long_each_step_took(shown):
    run, program = shown

    assert run.returncode == 0, run.stderr
    folder = program.folder / "lacuna-demo"
    assert str(folder) in run.stdout
    assert len([line for line in run.stdout.splitlines() if " s  " in line]) == 4
    before, mask, after, both = (
        cv2.imread(str(folder / f"{name}.png"))
        for name in ("before", "mask", "after", "side-by-side")
    )
    np.testing.assert_array_equal(after[mask == 0], before[mask == 0])
    assert both.shape[1] > 3 * before.shape[1]
    # The left tower was dark lattice on a smooth sky: its contrast is gone.
    sky = np.s_[240:330, 182:206]
    assert after[sky].std(axis=1).mean() < 0.5 * before[sky].std(axis=1).mean()


def test_demo_runs_twice(shown):
    _, program = shown

    assert program("demo", "--progress").returncode == 0
