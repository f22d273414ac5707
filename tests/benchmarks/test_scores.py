"""What the figures of a fill promise: the truth is best, and a seam shows."""

import cv2
import numpy as np
import pytest

from benchmarks.cases import Case
from benchmarks.scores import MOST_PSNR, cloud_share, grain_ratio, score, seam_ratio
from benchmarks.workbench import tiles_of
from lacuna_wire import Options, Rect

SIDE = 256
TILES = [Rect(0, 0, 128, SIDE), Rect(128, 0, 128, SIDE)]


@pytest.fixture
def case():
    rng = np.random.default_rng(0)
    picture = rng.integers(60, 200, (SIDE, SIDE, 3)).astype(np.uint8)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[64:192, 64:192] = 255
    return Case("a.png", SIDE, "large", picture, mask)


def far(one, other):
    return float(np.abs(one.astype(float) - other).mean())


def changed(case, by):
    filled = case.picture.copy()
    filled[case.mask > 0] += np.uint8(by)
    return filled


def test_the_truth_has_the_best_scores_there_are(case):
    truth = score(case, case.picture, far, TILES)

    assert truth.psnr == MOST_PSNR
    assert truth.ssim == pytest.approx(1)
    assert truth.distance == 0


def test_psnr_and_distance_tell_a_small_error_from_a_large_one(case):
    small, large = (score(case, changed(case, by), far, TILES) for by in (2, 32))

    assert small.psnr == pytest.approx(20 * np.log10(255 / 2))
    assert large.psnr == pytest.approx(20 * np.log10(255 / 32))
    assert 0 < small.distance < large.distance


def test_ssim_sees_structure_that_is_lost(case):
    flat = case.picture.copy()
    flat[case.mask > 0] = 130
    shifted = changed(case, 2)

    assert score(case, flat, far, []).ssim < 0.3 < 0.9 < score(case, shifted, far, []).ssim


def test_a_known_pixel_that_changed_is_no_fill(case):
    filled = case.picture.copy()
    filled[0, 0] ^= 1

    with pytest.raises(AssertionError, match="known pixel"):
        score(case, filled, far, TILES)


@pytest.mark.parametrize("turned", [False, True])
def test_a_step_at_a_border_raises_the_seam_ratio_and_one_elsewhere_lowers_it(case, turned):
    """Noise has none of its own: about as much changes at a border as elsewhere."""
    tiles = [Rect(tile.top, tile.left, tile.height, tile.width) for tile in TILES]
    tiles = tiles if turned else TILES
    at, elsewhere = case.picture // 4, case.picture // 4
    for picture, place in ((at, 128), (elsewhere, 110)):
        (picture.swapaxes(0, 1) if turned else picture)[:, place:] += 100

    plain = seam_ratio(case.picture, case.mask, tiles)

    assert plain == pytest.approx(1, abs=0.1)
    assert seam_ratio(at, case.mask, tiles) > 3
    assert seam_ratio(elsewhere, case.mask, tiles) < plain


def test_a_gradient_has_no_seam_whichever_way_it_runs(case):
    down = np.repeat(np.arange(SIDE, dtype=np.uint8)[:, None, None], SIDE, 1).repeat(3, 2)
    for picture in (down, down.swapaxes(0, 1), np.full_like(down, 7)):
        tiles = [*TILES, Rect(0, 100, SIDE, 100)]
        assert seam_ratio(picture, case.mask, tiles) == pytest.approx(1)


def test_what_changes_outside_of_the_hole_is_no_seam(case):
    """A hole with a gap at the border: what is in its bounds is not all missing."""
    mask = case.mask.copy()
    mask[100:150, 100:150] = 0
    stepped = case.picture.copy()
    stepped[100:150, 100:128], stepped[100:150, 128:150] = 0, 255

    assert seam_ratio(stepped, mask, TILES) == seam_ratio(case.picture, mask, TILES)


def test_a_hole_under_one_tile_has_no_seam_ratio(case):
    assert seam_ratio(case.picture, case.mask, [Rect(0, 0, SIDE, SIDE)]) is None
    assert seam_ratio(case.picture, case.mask, []) is None


def test_tiles_are_where_the_engine_has_the_network_look(case):
    class Facts:
        role, tile_px, overlap_px, max_hole_radius_px, multiple_px = "corrects", 512, 64, 64, 8

    for strategy in ("auto", "tiles"):
        options = Options(strategy=strategy, tile=64, overlap=16)
        tiles = tiles_of(case.picture, case.mask, options, Facts())
        assert len(tiles) > 4
        covered = np.zeros((SIDE, SIDE), bool)
        for tile in tiles:
            covered[tile.slices] = True
        assert covered[case.mask > 0].all()


def test_grain_is_told_from_blur_and_from_noise(case):
    missing = case.mask > 0
    blurred = cv2.GaussianBlur(case.picture, (0, 0), 3)
    louder = np.clip((case.picture.astype(int) - 128) * 2 + 128, 0, 255).astype(np.uint8)
    flat = np.full_like(case.picture, 90)

    assert grain_ratio(case.picture, case.picture, missing) == 1
    assert grain_ratio(blurred, case.picture, missing) < 0.2
    assert grain_ratio(louder, case.picture, missing) > 1.5
    assert grain_ratio(case.picture, flat, missing) is None


def test_grain_is_judged_in_the_hole_alone(case):
    missing = case.mask > 0
    outside = np.where(missing[..., None], case.picture, 0).astype(np.uint8)
    middle = np.zeros_like(missing)
    middle[80:176, 80:176] = True  # farther from the border than a Gaussian reaches

    assert grain_ratio(outside, case.picture, middle) == pytest.approx(1, abs=1e-3)


@pytest.fixture
def ink():
    """Smooth black lines on paper, and what is missing of them."""
    page = np.full((SIDE, SIDE, 3), 250, np.uint8)
    for x in range(10, SIDE, 40):
        cv2.line(page, (x, 0), (x + 20, SIDE), (10, 10, 10), 4, cv2.LINE_AA)
    missing = np.zeros((SIDE, SIDE), bool)
    missing[78:178, 78:178] = True
    return page, missing


def test_lines_and_their_smooth_edges_are_no_cloud_but_gray_ground_is(ink):
    page, missing = ink
    clouded = page.copy()
    clouded[100:150, 100:120] = 200  # 1,000 of 10,000 px
    cloud = cloud_share(clouded, missing)

    assert cloud_share(page, missing) == 0
    assert 0.08 < cloud <= 0.1


def test_a_line_that_fades_is_a_cloud(ink):
    page, missing = ink
    faded = page.copy()
    faded[missing] = cv2.GaussianBlur(page, (0, 0), 9)[missing]

    assert cloud_share(faded, missing) > 0.3


def test_gray_that_the_surroundings_have_too_is_no_cloud(ink):
    page, missing = ink
    page[:40, :40] = 200
    page[100:150, 100:120] = 200

    assert cloud_share(page, missing) == 0


def test_only_ink_on_paper_has_clouds(case):
    noise, missing = case.picture, case.mask > 0
    sky = np.full_like(noise, (150, 190, 240))
    sky[200:] = 20

    assert cloud_share(noise, missing) is None
    assert cloud_share(sky, missing) is None
    assert cloud_share(np.full_like(noise, 250), missing) is None


def test_what_bleeds_over_the_selection_may_only_change_within_reach(case):
    shown = case.picture.copy()
    shown[60:64, 60:196] = 255
    pasted = case._replace(shown=shown)

    assert score(pasted, shown, None, []).distance is None
    assert score(pasted, case.picture, far, [], reach=4).psnr == MOST_PSNR
    with pytest.raises(AssertionError, match="known pixel"):
        score(pasted, case.picture, far, [], reach=3)
