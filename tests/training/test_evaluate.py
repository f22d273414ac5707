"""Weights are judged on the cases of the benchmark, and every single figure is kept."""

import json
import sys

import cv2
import numpy as np
from safetensors.torch import save_file

import benchmarks.record
import training.evaluate
from benchmarks.cases import KINDS, validation_names
from training.evaluate import main


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
    (tmp_path / "benchmarks").mkdir()
    monkeypatch.setattr(benchmarks.record, "ROOT", tmp_path)
    monkeypatch.setattr(training.evaluate, "SIDE", 128)
    folder, worst = str(tmp_path), tmp_path / "worst.jpg"
    words = ["evaluate", folder, "--features", f"{folder}/features.safetensors"]
    words += ["--ways", "telea,auto", "--guides", f"{folder}/guides", "--worst", str(worst)]
    monkeypatch.setattr(sys, "argv", words)

    main()

    recorded = (tmp_path / "benchmarks/results/training.json").read_text("utf-8").splitlines()
    assert [json.loads(line)["way"] for line in recorded] == ["telea", "auto"]
    for line in map(json.loads, recorded):
        assert [case[:2] for case in line["cases"]] == [[names[1], kind] for kind in KINDS]
        assert set(line["scores"]) == set(KINDS)
    assert cv2.imread(str(worst)) is not None
    assert "auto" in capsys.readouterr().out
