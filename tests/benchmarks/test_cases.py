"""Cases are the same for everybody, never enlarged, and alike at every size."""

import cv2
import numpy as np
import pytest

from benchmarks.cases import KINDS, cases, choose_pictures, draw_hole, validation_names


def write(path, height, width):
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    cv2.imwrite(str(path), noise)
    return path


def test_cases_are_the_same_every_time_and_whatever_else_is_asked_for(tmp_path):
    paths = [write(tmp_path / name, 300, 400) for name in ("a.png", "b.png")]

    whole = list(cases(paths, 320, KINDS, 0))
    again = list(cases(paths[1:], 320, KINDS[::-1], 0))

    assert [(case.name, case.kind) for case in whole[:3]] == [("a.png", kind) for kind in KINDS]
    for one, other in zip(whole[3:], again[::-1], strict=True):
        assert one.kind == other.kind
        assert (one.mask == other.mask).all()
        assert (one.picture == other.picture).all()
    assert (whole[2].mask != whole[5].mask).any()  # every picture has its own holes


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        (300, 800, (150, 400)),
        (800, 300, (400, 150)),
        (300, 400, (300, 400)),
        (200, 361, (200, 361)),
        (200, 360, (200, 360)),
        (200, 359, None),
    ],
)
def test_the_longer_side_is_reduced_and_never_enlarged(tmp_path, height, width, expected):
    path = write(tmp_path / "a.png", height, width)

    shapes = [case.picture.shape[:2] for case in cases([path], 400, ["object"], 0)]

    assert shapes == ([expected] if expected else [])


def test_only_pictures_that_are_large_enough_are_counted(tmp_path):
    paths = [write(tmp_path / f"{i}.png", 40 * i, 60 * i) for i in range(1, 6)]

    assert [case.name for case in cases(paths, 210, ["large"], 1)] == ["4.png"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("height", "width"), [(512, 512), (288, 512), (512, 200), (1024, 768)])
def test_a_hole_lies_inside_and_leaves_something_known(kind, height, width):
    for seed in range(20):
        mask = draw_hole(kind, height, width, np.random.default_rng(seed))
        assert mask.shape == (height, width)
        assert set(np.unique(mask)) == {0, 255}
        if kind != "strokes":
            assert not mask[[0, -1]].any()
            assert not mask[:, [0, -1]].any()


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_hole_is_seen_at_every_size(kind):
    small, large = (draw_hole(kind, 3 * n, 4 * n, np.random.default_rng(1)) for n in (100, 400))

    share = cv2.resize(large, (400, 300), interpolation=cv2.INTER_AREA).astype(float) / 255
    covered = small.astype(float) / 255

    # A pixel of the small one's rim may be off.
    assert np.minimum(share, covered).sum() > 0.6 * np.maximum(share, covered).sum()


@pytest.mark.parametrize(("kind", "share"), [("object", 0.05), ("large", 0.25)])
def test_objects_and_large_holes_are_as_large_as_they_say(kind, share):
    for seed in range(20):
        mask = draw_hole(kind, 600, 1000, np.random.default_rng(seed))
        diameter = 2 * (np.count_nonzero(mask) / np.pi) ** 0.5
        assert 0.85 * share < diameter / 1000 < 1.2 * share


def test_the_validation_set_is_chosen_where_there_is_some_of_it(tmp_path):
    own = [write(tmp_path / name, 8, 8) for name in ("b.png", "a.jpg")]
    assert choose_pictures([tmp_path]) == own[::-1]

    held = write(tmp_path / validation_names()[0], 8, 8)
    assert choose_pictures([tmp_path]) == [held]


def test_what_is_no_picture_is_refused_by_name(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"no picture")

    with pytest.raises(ValueError, match=r"a\.png"):
        list(cases([path], 100, KINDS, 0))
