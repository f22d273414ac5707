"""Drawings are the same for everybody and show their truth wherever nothing is removed."""

import cv2
import numpy as np
import pytest

from benchmarks.drawn_cases import DRAWINGS, drawn_cases

BLEEDING = {"bubble", "tight"}  # drawn so that something shows beside the selection


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_shows_its_truth_and_something_over_the_hole(name):
    (case,) = drawn_cases([name])
    missing = case.mask > 0
    apart = (case.given != case.picture).any(axis=2)

    assert 0.002 < missing.mean() < 0.2
    assert apart[missing].mean() > 0.2
    assert apart[~missing].any() == (name in BLEEDING)


@pytest.mark.parametrize("name", ["facade", "screentone", "ink"])
def test_a_drawing_is_the_same_every_time_and_whatever_was_drawn_before(name):
    (alone,) = drawn_cases([name])
    *_, later = drawn_cases(["grain", name])

    assert (alone.picture == later.picture).all()
    assert (alone.given == later.given).all()
    assert (alone.mask == later.mask).all()


def test_a_tight_selection_leaves_a_ring_of_the_object_and_nothing_far_away():
    (case,) = drawn_cases(["tight"])
    away = cv2.distanceTransform((case.mask == 0).astype(np.uint8), cv2.DIST_L2, 5)
    red = case.given[..., 0].astype(int) - case.given[..., 1]

    assert red[(away > 0) & (away <= 1.5)].mean() > 50
    assert (case.given == case.picture)[away > 12].all()
