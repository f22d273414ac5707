import cv2
import numpy as np
import pytest

import lacuna.engine.inpaint
import training.evaluate
from benchmarks.quality import fill_with
from training.completions import BareGuide
from training.evaluate import KINDS, Case, cases, find_ways, guides_made_once, score
from training.pictures import Source


@pytest.fixture
def held(tmp_path, monkeypatch):
    monkeypatch.setattr(training.evaluate, "SIDE", 320)
    noise = np.random.default_rng(0).integers(0, 256, (400, 500, 3)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "a.jpg"), cv2.GaussianBlur(noise, (0, 0), 4))
    return [Source(tmp_path / "a.jpg", "CC0")]


def far(one, other):
    return float(np.abs(one.astype(float) - other).mean())


def test_cases_are_the_same_every_time_and_of_every_kind(held):
    one, same = (list(cases(held)) for _ in range(2))
    assert [case.kind for case in one] == list(KINDS)
    for a, b in zip(one, same, strict=True):
        assert (a.picture == b.picture).all()
        assert (a.mask == b.mask).all()
        assert a.mask.any()


def test_the_truth_scores_best_and_what_is_outside_of_the_hole_does_not_count_for_psnr(held):
    case = next(cases(held))
    wrong = case.picture.copy()
    wrong[case.mask > 0] ^= 64
    outside = case.picture.copy()
    outside[case.mask == 0] ^= 64
    assert score(case, case.picture, far).psnr == score(case, outside, far).psnr == 90
    assert score(case, wrong, far).psnr < 30
    assert score(case, wrong, far).distance > score(case, case.picture, far).distance == 0


def test_a_kept_guide_is_the_same_and_another_hole_gets_its_own(held, tmp_path, monkeypatch):
    made = []
    plain = training.evaluate.native_guide
    monkeypatch.setattr(training.evaluate, "native_guide", lambda *a: made.append(1) or plain(*a))
    first, second, *_ = cases(held)
    expected = fill_with(BareGuide(), first.picture, first.mask)
    with guides_made_once(tmp_path / "guides"):
        for _ in range(2):
            assert (fill_with(BareGuide(), first.picture, first.mask) == expected).all()
        regions = len(made)
        fill_with(BareGuide(), second.picture, second.mask)
        assert len(made) > regions
    assert lacuna.engine.inpaint.native_guide is plain


def test_matchpatch_is_left_out_where_there_is_no_gmic(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert list(find_ways(["telea", "matchpatch", "guide"], [])) == ["telea", "guide"]


def test_telea_leaves_known_pixels_alone(held):
    case: Case = next(cases(held))
    filled = find_ways(["telea"], [])["telea"](case.picture, case.mask)
    assert (filled[case.mask == 0] == case.picture[case.mask == 0]).all()
