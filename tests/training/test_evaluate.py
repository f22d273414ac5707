"""Weights are judged on the cases of the benchmark, and every single figure is kept."""

import json
import sys

import cv2
import numpy as np
import pytest
from safetensors.torch import save_file

import benchmarks.record
import training.evaluate
from benchmarks.cases import KINDS, validation_names
from benchmarks.scores import Score
from training.evaluate import UNSEEN, UNSEEN_FOLDER, main


def evaluate(monkeypatch, tmp_path, *words):
    """Judge at 128 px, with the record in `tmp_path`; what comes back are its lines."""
    (tmp_path / "benchmarks").mkdir()
    monkeypatch.setattr(benchmarks.record, "ROOT", tmp_path)
    monkeypatch.setattr(training.evaluate, "SIDE", 128)
    always = ["--features", str(tmp_path / "features.safetensors")]
    always += ["--completions", str(tmp_path / "kept")]
    monkeypatch.setattr(sys, "argv", ["evaluate", *always, *map(str, words)])
    main()
    lines = (tmp_path / "benchmarks/results/training.json").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_pictures_of_the_validation_set_are_judged_and_no_others(
    tmp_path, monkeypatch, features, capsys
):
    noise = np.random.default_rng(0).integers(0, 256, (96, 128, 3)).astype(np.uint8)
    names = ["a.jpg", validation_names()[0]]
    for name in names:
        cv2.imwrite(str(tmp_path / name), cv2.GaussianBlur(noise, (0, 0), 4))
    rows = ["file | licence", *(f"{name} | CC0" for name in names)]
    (tmp_path / "LICENSES.txt").write_text("\n".join(rows), "utf-8")
    save_file(features, tmp_path / "features.safetensors")
    worst = tmp_path / "worst.jpg"

    words = (tmp_path, "--ways", "telea,auto", "--worst", worst)
    recorded = evaluate(monkeypatch, tmp_path, *words)

    assert [line["way"] for line in recorded] == ["telea", "auto"]
    for line in recorded:
        assert line["pictures"] == "validation"
        assert [case[:2] for case in line["cases"]] == [[names[1], kind] for kind in KINDS]
        assert set(line["scores"]) == set(KINDS)
    assert cv2.imread(str(worst)) is not None
    assert "auto" in capsys.readouterr().out


def test_photographs_that_are_in_no_set_are_judged_at_the_size_that_they_have(
    tmp_path, monkeypatch, features
):
    save_file(features, tmp_path / "features.safetensors")
    monkeypatch.setattr(training.evaluate, "UNSEEN_FOLDER", tmp_path)
    monkeypatch.setattr(training.evaluate, "UNSEEN", ("small.png", "large.png"))
    for name, side in (("small", 96), ("large", 160)):
        ramp = np.tile(np.linspace(0, 255, side).astype(np.uint8)[None, :, None], (side, 1, 3))
        cv2.imwrite(str(tmp_path / f"{name}.png"), ramp)
    seen = []
    monkeypatch.setattr(
        training.evaluate, "score", lambda case, *_: seen.append(case) or Score(1, 1, 1, None)
    )

    recorded = evaluate(monkeypatch, tmp_path, "--unseen", "--ways", "telea")

    assert [line["pictures"] for line in recorded] == ["scikit-image"]
    assert [case.picture.shape[0] for case in seen] == [96] * 3 + [128] * 3


def test_every_photograph_of_scikit_image_is_there_and_in_no_list_of_the_validation_set():
    for name in UNSEEN:
        assert (UNSEEN_FOLDER / name).exists()
        assert name not in validation_names()


def test_folders_and_photographs_of_scikit_image_do_not_go_together(tmp_path, monkeypatch):
    for words in ((), (tmp_path, "--unseen")):
        monkeypatch.setattr(sys, "argv", ["evaluate", "--features", "f", *map(str, words)])
        with pytest.raises(SystemExit):
            main()
