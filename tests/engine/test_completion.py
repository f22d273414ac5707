"""Completion by patches: texture and structure of known pixels, in bounded memory."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest
from skimage import data

from lacuna.engine import completion, inpaint, kernels, patches, side_by_side, voting
from lacuna.engine.completion import complete, native_guide, show_native
from lacuna.engine.guide import pull_push
from lacuna.engine.hole import find_hole
from lacuna.engine.patches import Matches, judge, prepare, search, vote
from lacuna.engine.peeling import cut, cut_trust
from lacuna.engine.planes import Document
from lacuna.engine.pyramid import build_levels, plain_level
from lacuna.engine.regions import Region
from lacuna_wire import Options, PixelLayout, Rect
from tests.fakes.networks import StandIn

STEP_OF_A_SKY = 4 / 255


def stripes(height, width, period=8):
    """Black and white columns: what a membrane turns gray and a patch keeps."""
    row = (np.arange(width) // (period // 2) % 2).astype(np.float32)
    return np.broadcast_to(row[None, :, None], (height, width, 3)).copy()


def hole(height, width, rect):
    mask = np.zeros((height, width, 1), np.float32)
    mask[rect.slices] = 1
    return mask


def document_of(image, rect):
    selection = np.zeros(image.shape[:2], np.uint8)
    selection[rect.slices] = 255
    samples = np.rint(image * 255).astype(np.uint8)
    samples[rect.slices] = 77  # what was removed
    return Document(samples, selection, PixelLayout("RGB"))


def compare(ground, place, source):
    """Cost and shift of the patch around `source` for that around `place`."""
    cost, bias = np.empty(1, np.float32), np.empty((1, 3), np.float32)
    places = np.array([place]), np.array([source])
    kernels.judge(ground.values, ground.trust, ground.stride, *places, cost, bias)
    return cost[0], bias[0]


def guide_of(document, levels):
    missing = find_hole(document, Options()).missing
    return native_guide(
        document, missing, build_levels(document, missing, levels), None, lambda: None
    )


@pytest.mark.parametrize("levels", [1, 2])
def test_stripes_go_on_through_the_hole_and_stay_sharp(levels):
    image, rect = stripes(160, 200), Rect(70, 50, 60, 60)

    filled = guide_of(document_of(image, rect), levels)(rect)

    error = np.abs(filled - image[rect.slices])
    smooth = np.abs(pull_push(image, 1 - hole(160, 200, rect)) - image)[rect.slices]
    assert error.mean() < 0.05
    assert smooth.mean() > 0.3


def test_large_window_shown_piece_by_piece_is_as_sharp_as_a_whole_one(monkeypatch):
    image, rect = stripes(160, 200), Rect(70, 50, 60, 60)
    document = document_of(image, rect)
    monkeypatch.setattr(completion, "WHOLE_WINDOW_PX", 100)

    guide = guide_of(document, 2)
    whole = guide(rect)
    top, bottom = guide(Rect(70, 50, 60, 20)), guide(Rect(70, 70, 60, 40))

    assert np.abs(whole - image[rect.slices]).mean() < 0.1
    np.testing.assert_array_equal(np.concatenate([top, bottom]), whole)


def test_every_colour_of_the_fill_is_a_known_one():
    rng = np.random.default_rng(8)
    image = np.where(rng.random((120, 120, 1)) < 0.5, np.float32([1, 0, 0]), np.float32([0, 0, 1]))
    document = document_of(image.astype(np.float32), Rect(40, 40, 40, 40))

    filled = guide_of(document, 1)(Rect(40, 40, 40, 40))

    assert filled[..., 1].max() < 0.02  # nothing of the gray that was removed
    assert filled.min() >= -1e-6
    assert filled.max() <= 1 + 1e-6


def test_same_picture_is_completed_in_the_same_way_every_time():
    rng = np.random.default_rng(9)
    document = document_of(rng.random((150, 150, 3)).astype(np.float32), Rect(50, 50, 40, 40))

    one, other = (guide_of(document, 1)(Rect(50, 50, 40, 40)) for _ in range(2))

    np.testing.assert_array_equal(one, other)


def test_without_a_whole_known_patch_the_rim_is_drawn_in():
    image = np.full((30, 30, 3), 0.25, np.float32)
    document = document_of(image, Rect(2, 2, 26, 26))

    filled = guide_of(document, 1)(Rect(2, 2, 26, 26))

    np.testing.assert_allclose(filled, 0.25, atol=1e-2)
    missing = find_hole(document, Options()).missing
    assert complete(build_levels(document, missing, 1), None, lambda: None) is None


def test_first_fill_of_the_coarsest_level_decides_which_known_patches_are_taken():
    """Red ground on the left, blue on the right: the rim alone says half and half."""
    image = np.zeros((128, 128, 3), np.float32)
    image[:, :64, 0] = 1
    image[:, 64:, 2] = 1
    rect = Rect(40, 40, 48, 48)
    document = document_of(image, rect)
    missing = find_hole(document, Options()).missing
    for colour in (0, 2):
        levels = build_levels(document, missing, 2)
        start = levels[-1].image.copy()
        start[levels[-1].mask[..., 0] > 0] = np.eye(3, dtype=np.float32)[colour]

        guide = native_guide(document, missing, levels, start, lambda: None)

        assert guide(rect)[..., colour].mean() > 0.65


def test_first_fill_is_kept_where_its_level_has_no_patches_to_choose_from():
    document = document_of(np.full((60, 60, 3), 0.25, np.float32), Rect(20, 20, 20, 20))
    missing = find_hole(document, Options()).missing
    levels = build_levels(document, missing, 2)  # 15 x 15 cells: no 200 whole known patches
    start = np.where(levels[-1].mask > 0, np.float32(0.9), levels[-1].image)

    guide = native_guide(document, missing, levels, start, lambda: None)

    assert guide(Rect(28, 28, 4, 4)).mean() > 0.5


def test_search_never_makes_a_match_worse_and_keeps_to_whole_known_patches():
    rng = np.random.default_rng(4)
    mask = hole(60, 70, Rect(20, 20, 25, 18))[..., 0] > 0
    ground = prepare(rng.random((60, 70, 3)).astype(np.float32), mask)
    first = judge(ground, rng.choice(ground.find_sources(), len(ground.targets)))

    better = search(ground, first, rng, reach=30, steps=(8, 1))

    assert (better.cost <= first.cost).all()
    assert better.cost.mean() < 0.9 * first.cost.mean()
    assert ground.is_source[better.source].all()
    np.testing.assert_allclose(judge(ground, better.source).cost, better.cost, rtol=1e-5)
    np.testing.assert_allclose(judge(ground, better.source).bias, better.bias, rtol=1e-5)


def test_search_asks_again_what_its_own_sources_cost():
    """A vote has changed the plane: a source that was perfect may fit no more."""
    rng = np.random.default_rng(4)
    mask = hole(60, 70, Rect(20, 20, 25, 18))[..., 0] > 0
    ground = prepare(rng.random((60, 70, 3)).astype(np.float32), mask)
    first = judge(ground, ground.find_sources()[: len(ground.targets)])

    again = search(ground, first._replace(cost=np.zeros_like(first.cost)), rng, 0, ())

    np.testing.assert_allclose(again.cost, first.cost)


@pytest.mark.parametrize("channels", [3, 4, 5])
def test_cost_and_shift_are_those_of_the_formula(channels):
    rng = np.random.default_rng(5)
    image = rng.random((60, 70, channels)).astype(np.float32)
    mask = hole(60, 70, Rect(20, 20, 25, 18))[..., 0] > 0
    ground = prepare(image[..., :3], mask, image[..., 3:] if channels > 3 else None)
    source = rng.choice(ground.find_sources(), len(ground.targets))

    found = judge(ground, source)

    weights = cut_trust(ground, ground.targets)[..., None]
    difference = cut(ground, source) - cut(ground, ground.targets)
    shift = np.clip(-(weights * difference).sum(axis=1), -kernels.MOST_BIAS, kernels.MOST_BIAS)
    shift[:, 3:] = 0
    left = (weights * (difference + shift[:, None]) ** 2).sum(axis=(1, 2))
    np.testing.assert_allclose(found.bias, shift[:, :3], atol=1e-6)
    expected = left + kernels.BIAS_COST * (shift**2).sum(axis=1)
    np.testing.assert_allclose(found.cost, expected, rtol=1e-4)


@pytest.mark.parametrize("channels", [3, 5])
def test_what_follows_a_patch_in_memory_does_not_count(channels):
    """Rows are read wider than they are; what lies there weighs nothing."""
    rng = np.random.default_rng(5)
    image = rng.random((40, 60, channels)).astype(np.float32)
    mask = hole(40, 60, Rect(5, 5, 8, 8))[..., 0] > 0
    ground = prepare(image[..., :3], mask, image[..., 3:] if channels > 3 else None)
    source = np.full(len(ground.targets), 23 * ground.stride + 33)
    before = judge(ground, source)

    ground.image[:, 33 + kernels.RADIUS + 1 :] += 9

    np.testing.assert_array_equal(judge(ground, source).cost, before.cost)


def test_last_patch_of_a_plane_is_compared_without_reading_behind_it():
    rng = np.random.default_rng(5)
    ground = prepare(
        rng.random((40, 40, 3)).astype(np.float32), hole(40, 40, Rect(5, 5, 8, 8))[..., 0] > 0
    )
    source = np.full(len(ground.targets), 42 * ground.stride + 42)
    before = judge(ground, source)

    # A plane of the same numbers at the end of an array that goes on with what is no number.
    longer = np.concatenate([ground.values, np.full(100, np.nan, np.float32)])
    found = judge(ground._replace(values=longer[: len(ground.values)]), source)

    np.testing.assert_array_equal(found.cost, before.cost)


def test_exponential_of_a_vote_has_seven_digits():
    @numba.njit
    def apply(xs, found):
        for i in range(len(xs)):
            found[i] = voting.exp_of_minus(xs[i])

    xs = np.concatenate([np.linspace(0, 80, 100_001), [200, 1e9]]).astype(np.float32)
    found = np.empty_like(xs)

    apply(xs, found)

    np.testing.assert_allclose(found[:-2], np.exp(-xs[:-2].astype(np.float64)), rtol=1e-5)
    np.testing.assert_allclose(found[xs < 1], np.exp(-xs[xs < 1].astype(np.float64)), rtol=5e-7)
    assert (found[-2:] < 1e-37).all()


def test_mean_of_a_vote_is_weighted_by_how_well_patches_fit_there():
    rng = np.random.default_rng(5)
    image = rng.random((60, 70, 3)).astype(np.float32) * voting.PARTY / 10
    mask = hole(60, 70, Rect(30, 30, 1, 1))[..., 0] > 0
    ground = prepare(image, mask)
    matches = judge(ground, rng.choice(ground.find_sources(), len(ground.targets)))

    vote(ground, matches)

    # All 49 patches that touch it show the one pixel that is missing.
    place = 33 * ground.stride + 33
    trust = ground.trust[ground.targets]
    usual = 2 * (trust * matches.cost).sum() / trust.sum() + voting.LEAST_USUAL
    weights = trust * np.exp(-matches.cost / usual)
    colours = np.pad(image, ((3, 3), (3, 3), (0, 0)), "edge").reshape(-1, 3)
    shown = colours[matches.source + place - ground.targets] + matches.bias
    expected = (weights[:, None] * shown).sum(axis=0) / weights.sum()
    # So near to each other, all of them are of one party but for a hundredth of their weight.
    atol = voting.PARTY / 10 / 100
    np.testing.assert_allclose(ground.image[33, 33], np.clip(expected, 0, 1), rtol=0, atol=atol)


@pytest.mark.parametrize("paper_share", [0.3, 0.7])
def test_patches_that_disagree_are_not_mixed_the_larger_party_decides(paper_share):
    """Ink on paper: in the middle of a hole, gray is neither."""
    image = np.zeros((60, 100, 3), np.float32)
    image[:, 60:] = 1
    ground = prepare(image, hole(60, 100, Rect(20, 20, 21, 21))[..., 0] > 0)
    here = (30 + 3) * ground.stride + 30 + 3
    ink, paper = 10 * ground.stride + 13, 10 * ground.stride + 83
    count = len(ground.targets)
    source = np.where(np.arange(count) % 10 < 10 * paper_share, paper, ink)
    nothing = np.zeros((count, 3), np.float32)

    vote(ground, Matches(source, np.ones(count, np.float32), nothing))

    middle = ground.image.reshape(-1, 3)[here]
    np.testing.assert_allclose(middle, round(paper_share), atol=1e-3)


def test_cost_of_a_patch_with_itself_is_zero_and_counts_known_pixels_most():
    image = np.zeros((40, 40, 3), np.float32)
    mask = hole(40, 40, Rect(15, 15, 10, 10))[..., 0] > 0
    ground = prepare(image, mask)

    target = ground.targets[0]  # at the corner: one pixel of its patch is missing
    cost, bias = compare(ground, target, target)
    trust = cut_trust(ground, ground.targets[:1])[0]

    assert cost == 0
    assert not bias.any()
    assert trust.argmin() == kernels.SIDE**2 - 1
    assert trust.sum() == pytest.approx(1)


def test_vote_of_one_source_for_all_shows_that_source():
    image = stripes(50, 50)
    mask = hole(50, 50, Rect(24, 24, 1, 1))[..., 0] > 0
    image[24, 24] = 0.5
    ground = prepare(image, mask)
    shifted = ground.targets - 2 * 8  # two periods to the left

    nothing = np.zeros((len(shifted), 3), np.float32)
    vote(ground, Matches(shifted, np.zeros(len(shifted), np.float32), nothing))

    np.testing.assert_allclose(ground.image[27, 27], stripes(50, 50)[24, 24])


def test_bias_is_what_a_patch_lacks_to_its_place_and_never_more_than_its_limit():
    rng = np.random.default_rng(8)
    image = rng.random((40, 80, 3)).astype(np.float32) / 2
    few, many = np.float32(kernels.MOST_BIAS / 2), np.float32(kernels.MOST_BIAS * 3)
    image[:, 40:60] = image[:, :20] + few
    image[:, 60:] = image[:, :20] + many
    ground = prepare(image, hole(40, 80, Rect(0, 0, 1, 1))[..., 0] > 0)
    place = (20 + 3) * ground.stride + 10 + 3

    for shift, there in ((few, place + 40), (many, place + 60)):
        cost, bias = compare(ground, there, place)
        allowed = min(shift, kernels.MOST_BIAS)
        np.testing.assert_allclose(bias, allowed, atol=1e-5)
        # What is left over counts as before, and what is added has its price.
        left = 3 * ((shift - allowed) ** 2 + kernels.BIAS_COST * allowed**2)
        np.testing.assert_allclose(cost, left, rtol=1e-3, atol=1e-6)


def test_vote_and_search_do_the_same_with_any_number_of_threads(monkeypatch):
    rng = np.random.default_rng(6)
    image = rng.random((60, 70, 5)).astype(np.float32)
    missing = hole(60, 70, Rect(20, 20, 25, 18))[..., 0] > 0
    monkeypatch.setattr(side_by_side, "SLICE", 100)
    voted, found = [], []
    for threads in (1, 7):
        with ThreadPoolExecutor(threads) as pool:
            monkeypatch.setattr(side_by_side, "_threads", lambda pool=pool: pool)
            ground = prepare(image[..., :3], missing, image[..., 3:])
            first = judge(ground, ground.find_sources()[: len(ground.targets)])
            found.append(search(ground, first, np.random.default_rng(1), reach=20, steps=(8, 1)))
            vote(ground, found[-1])
            voted.append(ground.image.copy())

    np.testing.assert_array_equal(voted[0], voted[1])
    np.testing.assert_array_equal(found[0].source, found[1].source)
    assert np.abs(voted[0] - np.pad(image, ((3, 3), (3, 3), (0, 0)), "edge")).max() > 0.1


def test_texture_that_a_reduced_level_cannot_show_still_decides():
    """Fine stripes above, plain gray of the same mean below; the hole lies in the stripes."""
    image = stripes(160, 160, period=2)
    image[100:] = 0.5
    rect = Rect(50, 40, 60, 40)

    filled = guide_of(document_of(image, rect), 2)(rect)

    assert np.abs(np.diff(filled[..., 0], axis=1)).mean() > 0.9


def test_line_that_ends_at_the_rim_is_carried_through_the_hole():
    rng = np.random.default_rng(3)
    rows, columns = np.mgrid[:200, :240]
    line = np.abs(rows - 60 - columns / 3) < 3
    image = (0.7 + rng.normal(0, 0.03, (200, 240, 3))).astype(np.float32)
    image[line] = 0.1
    rect = Rect(80, 60, 80, 80)

    filled = guide_of(document_of(image, rect), 2)(rect)

    dark = filled.mean(axis=2) < 0.4
    inside = line[rect.slices]
    assert dark[inside].mean() > 0.8
    assert dark[~inside].mean() < 0.03


def test_completed_levels_are_given_back():
    document = document_of(stripes(160, 200), Rect(70, 50, 60, 60))
    levels = build_levels(document, find_hole(document, Options()).missing, 2)

    complete(levels, None, lambda: None)

    assert not levels


@pytest.mark.parametrize("side", [120, 1300])  # completed as a whole, and piece by piece
def test_gradient_goes_on_through_the_hole_without_a_step(side):
    """A band of a sky: the brightness that is missing is nowhere else to be copied."""
    ramp = np.linspace(0.3, 0.7, side, dtype=np.float32)
    image = np.broadcast_to(ramp[:, None, None], (side, side, 3)).copy()
    image += np.random.default_rng(2).normal(0, 0.004, image.shape).astype(np.float32)
    third = side // 3
    rect = Rect(0, third, side, third)
    document = document_of(image, rect)
    missing = find_hole(document, Options()).missing

    guide = native_guide(document, missing, build_levels(document, missing, 3), None, lambda: None)

    filled = guide(rect)
    rows = filled.mean(axis=(1, 2))
    assert np.abs(rows - ramp[third : 2 * third]).max() < STEP_OF_A_SKY
    grain = filled - rows[:, None, None]
    assert grain.std() > 0.3 * 0.004, "it is not smoothed away"


def test_nothing_missing_in_a_piece_gives_the_enlarged_level():
    document = document_of(stripes(100, 100), Rect(60, 60, 20, 20))
    missing = find_hole(document, Options()).missing
    done = complete(build_levels(document, missing, 1), None, lambda: None)

    assert show_native(document, missing, done, Rect(0, 0, 10, 10)).shape == (10, 10, 3)


def test_matches_that_are_not_judged_in_the_end_fill_and_lie_alike():
    """What is saved must not be seen: only costs and biases that nobody reads are out of date."""
    image = np.random.default_rng(0).random((60, 70, 3), np.float32)
    missing = np.zeros((60, 70), bool)
    missing[20:40, 25:45] = True
    grounds, found = [], []
    for judged in (True, False):
        ground = prepare(image.copy(), missing)
        source = np.random.default_rng(1).choice(ground.find_sources(), len(ground.targets))
        plan = patches.Plan(1, 2, 20, (8, 2, 1), lambda: None, judged)
        found.append(patches.refine(ground, source, plan, np.random.default_rng(2)))
        grounds.append(ground)

    np.testing.assert_array_equal(found[0].source, found[1].source)
    np.testing.assert_array_equal(grounds[0].image, grounds[1].image)
    now = judge(grounds[0], found[0].source)
    np.testing.assert_array_equal(found[0].cost, now.cost)
    assert (found[1].cost != now.cost).any()


def test_large_search_is_left_out_but_matches_are_still_taken_over(monkeypatch):
    """Time must not grow with the square of the hole."""
    calls = []
    monkeypatch.setattr(completion, "SEARCHED_TARGETS", 500)
    monkeypatch.setattr(
        patches,
        "search",
        lambda ground, *rest: calls.append(len(ground.targets)) or search(ground, *rest),
    )
    image, rect = stripes(160, 200, period=16), Rect(70, 50, 60, 60)

    filled = guide_of(document_of(image, rect), 2)(rect)

    assert max(calls) <= 500
    assert np.abs(filled - image[rect.slices]).mean() < 0.2


def test_window_too_large_for_a_whole_gets_a_level_however_thin_its_hole():
    samples = np.zeros((1100, 1100, 3), np.uint8)
    selection = np.zeros((1100, 1100), np.uint8)
    np.fill_diagonal(selection, 255)
    document = Document(samples, selection, PixelLayout("RGB"))
    region = Region(document.rect, document.rect)

    plan = inpaint.plan_tiles_of(document, region, Options(), StandIn(), 256, 32)

    assert plan.levels == 1


def test_nothing_is_left_to_compile_after_the_warm_up_and_code_from_the_cache_fills_alike(tmp_path):
    """Both ways through a window, in processes of their own, where no other test has compiled."""
    code = """
import hashlib
import numpy as np
from lacuna.engine import completion, kernels, voting
from lacuna.engine.completion import native_guide, warm_up
from lacuna.engine.planes import Document
from lacuna.engine.pyramid import build_levels
from lacuna_wire import PixelLayout

def compiled():
    found = (kernels.judge, kernels.search, voting.vote, kernels.trace, kernels.average)
    return [len(kernel.signatures) for kernel in found]

warm_up()
print(*compiled())
selection = np.zeros((160, 160), np.uint8)
selection[60:100, 50:90] = 1
samples = np.random.default_rng(1).integers(0, 255, (160, 160, 3), np.uint8)
document = Document(samples, selection, PixelLayout("RGB"))
fills = []
for completion.WHOLE_WINDOW_PX in (1 << 20, 100):
    levels = build_levels(document, selection, 2)
    fills.append(native_guide(document, selection, levels, None, lambda: None)(document.rect))
print(*compiled())
print(*(hashlib.sha256(fill.tobytes()).hexdigest() for fill in fills))
"""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        ).stdout.splitlines()
        for _ in range(2)
    ]

    assert list(tmp_path.rglob("*.nbi"))
    assert runs[0][:2] == ["1 1 1 1 1"] * 2
    assert runs[1] == runs[0]


def plans_of(levels):
    """How each level is searched, the coarsest first."""
    plans = []

    def refine(ground, source, plan, rng):
        plans.append(plan)
        return patches.refine(ground, source, plan._replace(searches=0, rounds=0), rng)

    image = np.random.default_rng(0).random((120, 140, 3)).astype(np.float32)
    document = document_of(image, Rect(30, 60, 80, 6))
    missing = find_hole(document, Options()).missing
    known = (1 - missing[..., None]).astype(np.float32)
    all_levels = [
        plain_level(document.image(document.rect), known),
        *build_levels(document, missing, levels),
    ]
    complete(all_levels, None, lambda: None, refine)
    return plans


def test_thin_hole_of_one_level_gets_the_rounds_that_are_affordable(monkeypatch):
    monkeypatch.setattr(completion, "can_peel", lambda ground: False)
    targets = (80 + 6) * (6 + 6)  # whose patches touch the hole
    for affordable, rounds in ((10_000, completion.MOST_ROUNDS), (12, 12), (1, 8)):
        monkeypatch.setattr(completion, "ROUND_TARGETS", affordable * targets)
        (plan,) = plans_of(0)
        assert (plan.rounds, plan.far) == (rounds, completion.FAR_SOURCES)

    coarse, fine = plans_of(1)
    assert (coarse.rounds, coarse.far) == (8, 0)
    assert (fine.rounds, fine.far) == (completion.FINEST_ROUNDS[0], 0)


def test_a_scratch_on_bricks_comes_out_nearer_to_what_was_there_than_after_a_few_rounds(
    monkeypatch,
):
    bricks = data.brick()[:300, :300, None].repeat(3, axis=2) / np.float32(255)
    scratch = Rect(20, 140, 260, 14)
    found = []
    for rounds, far in ((completion.MOST_ROUNDS, completion.FAR_SOURCES), (8, 0)):
        monkeypatch.setattr(completion, "MOST_ROUNDS", rounds)
        monkeypatch.setattr(completion, "FAR_SOURCES", far)
        filled = guide_of(document_of(bricks, scratch), 0)(scratch)
        found.append(np.square(filled - bricks[scratch.slices]).mean())

    print(found)
    assert found[0] < 0.9 * found[1]


def test_far_sources_lie_all_over_the_reach_and_the_others_ever_nearer_by():
    count, reach = 2000, 30
    walks = patches.draw_walks(count, 1000, np.random.default_rng(0), reach, far=3)

    down = (walks + 500) // 1000
    right = walks - down * 1000
    furthest = np.maximum(abs(down), abs(right)).max(axis=1)
    assert furthest.tolist() == [30, 30, 30, 30, 10, 3, 1]
    assert patches.draw_walks(count, 1000, np.random.default_rng(0), 0, far=3).shape == (0, count)
