"""The time left that people read goes down, and is set right where it was far too low."""

import itertools
import random

import pytest

from lacuna_wire import JobStatus
from lacuna_wire.time_left import FAR_S, FAR_TIMES, TimeLeft


def said(guesses):
    left = TimeLeft()
    return [left.steady(JobStatus("", "running", eta_s=guess)).eta_s for guess in guesses]


@pytest.mark.parametrize("seed", range(20))
def test_guesses_that_jump_a_little_are_told_without_a_jump_upwards(seed):
    chance = random.Random(seed)
    guesses = [left * chance.uniform(0.9, 1.3) for left in range(60, 0, -1)]

    told = said(guesses)

    assert all(later <= sooner for sooner, later in itertools.pairwise(told))
    assert all(tell <= guess for tell, guess in zip(told, guesses, strict=True))


def test_what_was_far_too_low_is_set_right_at_once():
    assert said([2, 2 * FAR_TIMES + FAR_S, 500, 501]) == [2, 2, 500, 500]


def test_status_without_a_guess_stays_as_it_is_and_nothing_is_forgotten():
    left = TimeLeft()
    waiting = JobStatus("", "queued", queue_position=2)

    assert left.steady(waiting) == waiting
    assert left.steady(JobStatus("", "running", eta_s=8)).eta_s == 8
    assert left.steady(waiting) == waiting
    assert left.steady(JobStatus("", "running", eta_s=9, percent=40)) == JobStatus(
        "", "running", eta_s=8, percent=40
    )
