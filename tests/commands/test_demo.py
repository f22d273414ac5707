"""`lacuna demo`: the first thing that a user tries."""

import cv2
import numpy as np
import pytest

pytest.importorskip("skimage", reason="the demo's photograph comes with scikit-image")


def test_demo_shows_before_and_after_and_says_how_long_each_step_took(lacuna, tmp_path):
    run = lacuna("demo")

    assert run.returncode == 0, run.stderr
    folder = tmp_path / "lacuna-demo"
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


def test_demo_runs_twice(lacuna):
    assert lacuna("demo").returncode == 0
    assert lacuna("demo", "--progress").returncode == 0
