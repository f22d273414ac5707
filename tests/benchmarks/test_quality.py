"""A table that was begun is finished, and nothing on record that is still true is filled again."""

import json
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

import benchmarks.quality
import benchmarks.record
from benchmarks.cases import Case
from benchmarks.quality import TRUTHS, cells, judge, on_record, print_cases, print_table
from benchmarks.scores import Score
from benchmarks.workbench import CompletionAlone


class Network(CompletionAlone):
    def __init__(self, digest):
        self.info = SimpleNamespace(sha256=digest)


@pytest.fixture
def case(tmp_path, monkeypatch):
    for module in (benchmarks.quality, benchmarks.record):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    (tmp_path / "benchmarks").mkdir()
    picture = np.random.default_rng(0).integers(0, 256, (90, 90, 3)).astype(np.uint8)
    mask = np.zeros((90, 90), np.uint8)
    mask[30:60, 30:60] = 255
    return Case("a.png", 90, "large", picture, mask)


def keep(picture, _mask):
    return picture


def far(one, other):
    return float(np.abs(one.astype(float) - other).mean())


def test_others_are_filled_once_and_ours_once_for_each_state(case):
    filled = Counter()

    def way(name):
        return lambda *pair: filled.update([name]) or keep(*pair)

    ways = {name: way(name) for name in ("telea", "auto")}
    for digest in ("one", "one", "other"):
        scores = judge(case, ways, Network(digest), far)
        assert set(scores) == {*ways, *TRUTHS}
    assert filled == {"telea": 1, "auto": 2}

    other = case._replace(mask=np.roll(case.mask, 5))
    judge(other, ways, Network("one"), far)
    assert filled == {"telea": 2, "auto": 3}


def test_a_mean_of_seam_ratios_says_of_how_many_holes_it_is():
    scores = [Score(20, 0.5, 1, None), Score(30, 0.7, 2, 1.1), Score(40, 0.9, 3, 1.3)]

    assert cells(scores) == ["30.00 dB", "0.7000", "2.0000", "1.200 (2)", "-", "-"]
    assert cells(scores[:1])[3] == "-"


def test_what_was_filled_before_an_interruption_is_on_record(case):
    filled = Counter()

    def way(*pair):
        filled.update(["telea"])
        return keep(*pair)

    def ended(*_):
        raise SystemExit(1)

    with pytest.raises(SystemExit):
        judge(case, {"telea": way, "auto": ended}, Network("one"), far)
    judge(case, {"telea": way, "auto": keep}, Network("one"), far)

    assert filled == {"telea": 1}


def test_scores_without_a_feature_distance_do_not_do_where_one_is_wanted(case):
    filled = Counter()

    def way(*pair):
        filled.update(["telea"])
        return keep(*pair)

    for distance in (None, None, far, None):
        scores = judge(case, {"telea": way}, Network("one"), distance)
        assert (scores["telea"].distance is None) == (filled["telea"] == 1)

    assert filled == {"telea": 2}


def test_scores_of_an_older_benchmark_with_fewer_columns_are_taken_again(case, tmp_path):
    judge(case, {"telea": keep}, Network("one"), far)
    path = tmp_path / "benchmarks" / "results" / "quality.json"
    line = json.loads(path.read_text())
    line["scores"] = {name: figures[:4] for name, figures in line["scores"].items()}
    path.write_text(json.dumps(line) + "\n")

    assert on_record(line["case"], line["state"], True) == {}


def test_every_drawing_is_shown_with_its_figures_and_the_nearest_way_is_counted(capsys):
    near, far_off = Score(30, 0.9, 0.1, None, 0.9, 0.02), Score(20, 0.7, 2, None, 0.5, None)
    rows = [("ink", "drawn", {"auto": near, "telea": far_off, **dict.fromkeys(TRUTHS, near)})]

    print_table("drawn", rows, ["auto", "telea", *TRUTHS])
    print_cases(rows, ["auto", "telea"])

    shown = capsys.readouterr().out.splitlines()
    figures = "30.00 dB | 0.9000 | 0.1000 | - | 0.90, worst 0.90 (1) | 2.0%, worst 2.0% (1)"
    assert f"| auto | {figures} | 1 |" in shown
    assert "| telea | 20.00 dB | 0.7000 | 2.0000 | - | 0.50, worst 0.50 (1) | - | 0 |" in shown
    assert "| ink | 30.00 / 0.100 | 20.00 / 2.000 |" in shown
