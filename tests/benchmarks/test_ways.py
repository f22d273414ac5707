import numpy as np
import pytest

import benchmarks.workbench
import lacuna.engine.inpaint
from benchmarks.ways import STRATEGIES, find_ways, keep_fills
from benchmarks.workbench import CompletionAlone, completions_kept, fill_with


@pytest.fixture
def hole():
    """A soft picture and what is missing of it."""
    rng = np.random.default_rng(0)
    picture = np.kron(rng.integers(0, 256, (12, 12, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    mask = np.zeros((96, 96), np.uint8)
    mask[30:50, 40:70] = 255
    return picture, mask


@pytest.mark.parametrize("name", ["telea", "completion", *STRATEGIES])
def test_every_way_fills_the_hole_and_keeps_the_rest(hole, name):
    picture, mask = hole
    shown = picture.copy()
    shown[mask > 0] = (255, 0, 255)

    filled = find_ways([name], CompletionAlone(), 64)[name](shown, mask)

    assert (filled[mask == 0] == picture[mask == 0]).all()
    assert (filled[mask > 0] != (255, 0, 255)).any(axis=1).all()


def test_matchpatch_is_left_out_where_there_is_no_gmic_and_a_line_says_so(monkeypatch, capsys):
    monkeypatch.setattr("shutil.which", lambda _: None)

    assert list(find_ways(["telea", "matchpatch", "completion"], CompletionAlone(), 0)) == [
        "telea",
        "completion",
    ]
    assert "gmic" in capsys.readouterr().out


def test_an_unknown_way_is_an_error_that_names_it():
    with pytest.raises(ValueError, match="'telia'"):
        find_ways(["telia"], CompletionAlone(), 0)


def test_a_kept_completion_is_the_same_and_another_hole_gets_its_own(hole, tmp_path, monkeypatch):
    picture, mask = hole
    made = []
    ours = benchmarks.workbench
    plain = ours.complete_window
    monkeypatch.setattr(
        benchmarks.workbench, "complete_window", lambda *a: made.append(1) or plain(*a)
    )
    expected = fill_with(CompletionAlone(), picture, mask)

    with completions_kept(tmp_path / "kept"):
        for _ in range(2):
            assert (fill_with(CompletionAlone(), picture, mask) == expected).all()
        assert len(made) == 1
        fill_with(CompletionAlone(), picture, np.roll(mask, 9))
        assert len(made) == 2
    assert lacuna.engine.inpaint.complete_window is plain


def test_kept_fills_are_taken_again_and_ours_only_in_the_same_state(hole, tmp_path):
    picture, mask = hole
    made = []

    def way(name):
        return lambda picture, _mask: made.append(name) or picture // 2

    ways = {name: way(name) for name in ("telea", "auto")}
    for state in ("one", "one", "other"):
        for fill in keep_fills(ways, tmp_path / "fills", state).values():
            assert (fill(picture, mask) == picture // 2).all()

    assert made == ["telea", "auto", "auto"]
