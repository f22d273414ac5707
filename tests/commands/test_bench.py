"""`lacuna bench`: a table of the user's own machine."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from lacuna.commands import bench
from lacuna.commands.bench import ORIGINAL, Row, draw, parse_sizes, table_line
from lacuna_wire import LacunaError


def test_bench_says_what_it_will_do_then_a_line_for_each_size(lacuna, tmp_path):
    run = lacuna("bench", "--sizes", "96,64", "--device", "cpu", "--json", "figures.json")

    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert "TFLOP/s" in lines[0]
    assert lines[1].startswith("To do: 64 px in about ")
    assert "96 px in about" in lines[1]
    assert [line.split()[0] for line in lines[3:]] == ["64", "96"]
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["weights"] == "lacuna-small"
    for row in figures["rows"]:
        assert 0 < row["network_seconds"] <= row["seconds"]
        assert 0 < row["ceiling_share"] < 1  # nothing is faster than the ceiling
        assert row["tiles"] >= 1
        assert row["peak_bytes"] > 2**20
        assert row["missing_px"] >= 0.3 * row["side_px"] ** 2
    assert [path.name for path in tmp_path.iterdir()] == ["figures.json"]


def test_sizes_that_would_take_long_are_left_out_unless_asked_for(monkeypatch):
    """Each size is judged by the one before it, which is nearer to it than the first guess."""
    measured = []

    def measure(side, _network, _ceiling):
        measured.append(side)
        seconds = (side / 1024) ** 3 * 20  # worse than the guess
        return Row(side, side * side // 3, seconds, seconds / 2, 9, 10**9, 0.5)

    monkeypatch.setattr(bench, "measure", measure)
    run = CliRunner().invoke(bench.bench, ["--device", "cpu"])
    assert run.exit_code == 0, run.output
    lines = run.output.splitlines()
    assert measured[2:] == [1024, 2048]
    assert [line.split()[0] for line in lines[3:5]] == ["1024", "2048"]
    assert lines[5].startswith("Left out: 3000 px in about 6 minutes, 4096 px in about 11 minutes")
    assert lines[5].endswith("--sizes 3000,4096,8192 asks for them.")
    assert len(lines) == 6

    del measured[:]
    run = CliRunner().invoke(bench.bench, ["--device", "cpu", "--sizes", "4096,3000"])
    assert measured[2:] == [3000, 4096]
    assert "Left out" not in run.output


def test_file_that_is_there_is_not_replaced(lacuna, tmp_path):
    (tmp_path / "figures.json").write_text("mine")

    run = lacuna("bench", "--sizes", "64", "--json", "figures.json")

    assert run.returncode == 2
    assert "figures.json is there already" in run.stderr
    assert (tmp_path / "figures.json").read_text() == "mine"


@pytest.mark.parametrize("sizes", ["63", "16385", "1e3", "-64", "1024,", "big", "²56", "64;128"])
def test_sizes_that_cannot_be_drawn_are_refused(sizes):
    with pytest.raises(LacunaError, match="is not a side between 64 and 16384 px"):
        parse_sizes(sizes)


def test_sizes_come_smallest_first_and_once():
    assert parse_sizes("4096, 1024,4096") == (1024, 4096)
    assert parse_sizes("") == ()


def test_thirty_percent_of_the_picture_are_missing_and_it_is_the_same_every_time():
    one, other = draw(200), draw(200)

    assert 0.3 <= np.count_nonzero(one.selection) / 200**2 < 0.36
    np.testing.assert_array_equal(one.samples, other.samples)
    np.testing.assert_array_equal(one.selection, other.selection)


def test_figures_of_the_first_design_stand_beside_sizes_that_it_had():
    row = Row(2048, 1_260_000, 3.0, 1.0, 9, 500_000_000, 0.5)

    assert table_line(row).endswith(ORIGINAL[2048])
    assert "50%" in table_line(row)
    assert "RTX" not in table_line(row._replace(side_px=2000))
