import argparse
import subprocess
import sys

import pytest

import training.train
from training.parcel import START
from training.piece import fast_enough, main, stop_completing, train_command, wait_for_files
from training.speed import Speed, words


def stand_in(code):
    """A process in the place of the one that completes squares."""
    return subprocess.Popen([sys.executable, "-c", code], start_new_session=True)


def arguments(tmp_path, **changes):
    plain = {"parcel": tmp_path / "parcel", "out": tmp_path / "out", "cache": tmp_path / "cache"}
    plain |= {"device": "cpu", "steps": 9, "batch": 2, "slow": False}
    return argparse.Namespace(**plain | changes)


def test_a_piece_waits_for_squares_and_stops_their_maker(tmp_path):
    making = stand_in(
        f"import pathlib, time; pathlib.Path({str(tmp_path / '0.npy')!r}).touch(); time.sleep(600)"
    )
    wait_for_files(tmp_path, 1, making)
    stop_completing(making)
    assert making.poll() is not None


def test_a_maker_that_fails_ends_the_piece(tmp_path):
    failing = stand_in("raise SystemExit(3)")
    with pytest.raises(RuntimeError, match="error"):
        wait_for_files(tmp_path, 1, failing)


def test_fewer_squares_than_wanted_are_enough_when_there_are_no_more(tmp_path):
    wait_for_files(tmp_path, 99, stand_in("pass"))


@pytest.mark.parametrize(("share", "slow", "wanted"), [(0.1, 0, 0), (0.3, 0, 1), (0.1, 1, 1)])
def test_a_long_run_begins_only_on_a_gpu_that_is_used(share, slow, wanted, tmp_path, monkeypatch):
    said = words(48, Speed(1000.0, 0.2, 700 * share, 700.0))
    done = subprocess.CompletedProcess([], 0, stdout=said + "\n")
    monkeypatch.setattr("training.piece.subprocess.run", lambda *_, **__: done)
    assert fast_enough(arguments(tmp_path, slow=bool(slow))) == bool(wanted)
    assert (tmp_path / "out/speed.txt").read_text("utf-8") == said + "\n"


def test_training_understands_what_a_piece_says(tmp_path, monkeypatch):
    (tmp_path / "parcel").mkdir()
    (tmp_path / "parcel" / START).touch()
    command = train_command(arguments(tmp_path), 2.5)
    seen = []
    monkeypatch.setattr(sys, "argv", command[2:])
    monkeypatch.setattr(training.train, "begin", lambda *given: seen.append(given) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        training.train.main()
    folder, settings, _, start, device = seen[0]
    assert (folder, start.name, device) == (tmp_path / "out", START, "cpu")
    assert (settings.steps, settings.batch) == (9, 2)


def test_squares_are_kept_below_the_folder_of_the_run_unless_told_otherwise(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "training.piece.start_completing",
        lambda _parcel, cache, _count: seen.append(cache) or 1 / 0,
    )
    for more in ([], ["--cache", str(tmp_path / "other")]):
        monkeypatch.setattr(sys, "argv", ["piece", "parcel", str(tmp_path / "run"), *more])
        with pytest.raises(ZeroDivisionError):
            main()
    assert seen == [tmp_path / "run/cache", tmp_path / "other"]
