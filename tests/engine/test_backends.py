"""One suite for all that compares patches: the same costs, means and rules on every device.

PyTorch's way runs on its CPU device too, so it is proved where there is no GPU.
"""

from functools import partial

import numpy as np
import pytest
import torch

from lacuna.engine.completion.backend import pytorch
from lacuna.engine.completion.backend.processor import Processor
from lacuna.engine.completion.backend.pytorch import PyTorch
from lacuna.engine.completion.complete import complete_window
from lacuna.engine.completion.refine import Turns, refine
from lacuna.engine.completion.schedule import schedule_completion
from lacuna.engine.pixels.document import Document
from lacuna.engine.pixels.hole import find_hole
from lacuna.engine.pixels.levels import build_levels, coarsest_first
from lacuna_wire import Options, PixelLayout, Rect
from lacuna_wire.errors import DeviceLost
from tests.drawn import (
    document_of,
    draw_sources,
    fill_whole,
    ink,
    line,
    problem_of,
    rgba,
    select,
    shaded_ink,
    stripes,
)
from tests.fakes.networks import StandIn

HOLES = {"inside": np.s_[20:38, 20:45], "corner": np.s_[:9, 50:]}
# Channels, and whether the fourth is alpha: with and without a texture.
PLANES = {"colours": (3, False), "texture": (5, False), "alpha": (4, True), "both": (6, True)}
DEVICES = ["processor", "cpu", pytest.param("cuda", marks=pytest.mark.gpu)]


@pytest.fixture(params=DEVICES)
def backend(request):
    if request.param == "processor":
        return Processor()
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("there is no NVIDIA GPU")
    return PyTorch(request.param)


def turns_of(rounds=0, searches=0, reach=20):
    return Turns(searches, rounds, reach, (8, 2, 1))


def refined(backend, problem, source, turns, round_done=lambda: None):
    return refine(problem, source, turns, np.random.default_rng(0), round_done, backend)


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("hole", HOLES)
def test_scores_and_votes_are_those_of_the_processor(backend, plane, hole, monkeypatch):
    monkeypatch.setattr(pytorch, "SLICE", 100)
    channels, alpha = PLANES[plane]
    one, other = (problem_of(None, HOLES[hole], channels, alpha) for _ in range(2))
    begun, source = one.image.copy(), draw_sources(one)

    ours = refined(Processor(), one, source, turns_of())
    theirs = refined(backend, other, source, turns_of())

    np.testing.assert_allclose(other.image, one.image, atol=1e-5)
    assert np.abs(one.image - begun).max() > 0.1
    np.testing.assert_array_equal(ours.source, theirs.source)
    np.testing.assert_allclose(ours.cost, theirs.cost, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(ours.bias, theirs.bias, atol=1e-4)


def test_scores_beside_ink_are_those_of_the_processor(backend):
    image = shaded_ink(60, 70)
    image[20:38, 20:45] += np.linspace(-0.1, 0.05, 25, dtype=np.float32)[:, None]
    one, other = problem_of(image), problem_of(image)
    source = draw_sources(one)

    ours = Processor().score(*Processor().load(one, source))
    theirs = refined(backend, other, source, turns_of()._replace(searches=0, rounds=0))
    again = refined(Processor(), one, source, turns_of())

    assert (ours.bias == 0).any()
    assert (ours.bias != 0).any()
    np.testing.assert_allclose(again.bias, theirs.bias, atol=1e-4)
    np.testing.assert_allclose(other.image, one.image, atol=1e-5)


def test_paper_is_never_shifted_to_a_gray_that_nobody_has(backend):
    paper = np.full((60, 70, 3), 0.98, np.float32)
    paper[:, 5:8] = 0.05
    problem = problem_of(paper)
    sources = problem.find_sources()
    bare = sources[sources % problem.stride > 20][: len(problem.targets)]
    paper[20:38, 20:45] = 0.92

    bias = backend.score(*backend.load(problem_of(paper), bare)).bias

    assert float(abs(bias).max()) < 4 / 255


def test_sky_that_has_the_shade_is_shifted_to_it(backend):
    sky = np.repeat(np.linspace(0.5, 0.6, 70, dtype=np.float32)[None, :, None], 60, axis=0)
    problem = problem_of(np.repeat(sky, 3, axis=2))
    lacking = problem.image.reshape(-1, problem.channels)[problem.targets, 0]
    source = np.full(len(problem.targets), problem.find_sources()[40])
    lacking = lacking - problem.image.reshape(-1, problem.channels)[source, 0]

    bias = backend.score(*backend.load(problem, source)).bias

    np.testing.assert_allclose(np.asarray(bias)[:, 0], lacking, atol=0.01)


def test_vote_leaves_a_guide_alone(backend):
    problem = problem_of(channels=6, alpha=True)._replace(is_guided=True)
    begun = problem.image.copy()

    refined(backend, problem, draw_sources(problem), turns_of())

    np.testing.assert_array_equal(problem.image[..., 4:], begun[..., 4:])
    assert np.abs(problem.image - begun)[..., 3].max() > 0.1


@pytest.mark.parametrize("plane", ["texture", "both"])
def test_search_finds_better_sources_and_whole_known_ones(backend, plane):
    channels, alpha = PLANES[plane]
    one, other, unsearched = (problem_of(channels=channels, alpha=alpha) for _ in range(3))
    source, turns = draw_sources(one), turns_of(rounds=4, searches=2)

    ours = refined(Processor(), one, source, turns)
    theirs = refined(backend, other, source, turns)

    assert other.is_source[theirs.source].all()
    assert theirs.cost.mean() < 1.1 * ours.cost.mean()
    # In noise no two patches are alike, and a vote does not blur them until they are.
    begun = backend.score(*backend.load(unsearched, source))
    assert theirs.cost.mean() < 0.6 * float(begun.cost.mean())


def test_search_costs_what_a_score_says_where_sources_are_calmer_than_they_should_be(backend):
    image = np.random.default_rng(4).random((60, 70, 3)).astype(np.float32) / 4
    image[:, :18] = 0.1
    problem = problem_of(image)
    calm = np.flatnonzero(problem.is_source & (problem.activity < 0.01))
    state, found = backend.load(problem, np.resize(calm, len(problem.targets)))
    walks = np.random.default_rng(5).choice(calm[-1], (6, len(problem.targets))) - calm[0]

    found = backend.search(state, backend.score(state, found), (8, 1), walks)

    scored = backend.store(state, backend.score(state, found), problem)
    found = backend.store(state, found, problem)
    lack = np.maximum(problem.expected - problem.activity[scored.source], 0)
    assert (lack > 0.1).any()  # or this would tell nothing
    np.testing.assert_allclose(found.cost, scored.cost, rtol=1e-4)


@pytest.mark.parametrize("plane", ["texture", "both"])
def test_same_device_gives_the_same(backend, plane):
    found = []
    for _ in range(2):
        problem = problem_of(None, HOLES["inside"], *PLANES[plane])
        found.append(refined(backend, problem, draw_sources(problem), turns_of(rounds=3)).source)
        found.append(problem.image)

    np.testing.assert_array_equal(found[0], found[2])
    np.testing.assert_array_equal(found[1], found[3])


def test_completion_is_near_to_the_truth(backend):
    image, rect = stripes(160, 200), Rect(70, 50, 60, 60)
    document = document_of(image, rect)
    missing = find_hole(document, Options()).missing
    levels = coarsest_first(build_levels(document, missing, 2))

    show, _cost = complete_window(
        document, missing, levels, schedule_completion(missing, 2), lambda: None,
        refine=partial(refine, backend=backend),
    )  # fmt: skip

    assert np.abs(show(rect) - image[rect.slices]).mean() < 0.05


def test_line_on_nothing_goes_on_and_nothing_is_filled_beside_it(backend):
    drawn, hole = ink(150, 150, line(20, 10, 130, 140), thick=4), Rect(60, 60, 36, 36)
    samples = rgba(drawn)
    samples[hole.slices] = 0, 0, 0, 255  # what is to be removed
    document = Document(samples, select(150, 150, hole), PixelLayout("RGBA"))

    whole = fill_whole(
        document, Options(result="composite"), StandIn(), refine=partial(refine, backend=backend)
    )

    alpha = whole[..., 3] / 255
    assert np.abs(alpha - drawn)[hole.slices].mean() < 0.02
    assert not whole[..., :3][hole.slices].any()


def test_cancel_is_heard_after_every_round(backend):
    class Cancelled(Exception):
        pass

    rounds = []

    def stop():
        rounds.append(1)
        if len(rounds) == 2:
            raise Cancelled

    problem = problem_of()
    with pytest.raises(Cancelled):
        refined(backend, problem, draw_sources(problem), turns_of(3), stop)
    assert len(rounds) == 2


def test_gpu_without_memory_says_so_in_the_word_of_all_who_can_do_something_about_it(monkeypatch):
    def full(plane, found):
        raise torch.OutOfMemoryError("CUDA out of memory")

    problem = problem_of()
    monkeypatch.setattr(pytorch, "vote", full)

    with pytest.raises(MemoryError, match="CUDA out of memory"):
        refined(PyTorch("cpu"), problem, draw_sources(problem), turns_of(rounds=1))


def test_gpu_that_fails_is_a_lost_device(monkeypatch):
    def fails(plane, source):
        raise torch.AcceleratorError("CUDA error: unspecified launch failure\nand more")

    problem = problem_of()
    monkeypatch.setattr(pytorch, "score", fails)

    with pytest.raises(DeviceLost, match=r"unspecified launch failure\)"):
        refined(PyTorch("cpu"), problem, draw_sources(problem), turns_of())
