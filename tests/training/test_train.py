import json

import training.train
from training.pool import Pool
from training.state import load_state
from training.train import run


def test_a_run_saves_logs_and_shows_itself(make_trainer, squares, tmp_path, monkeypatch):
    monkeypatch.setattr(training.train, "LOG_EVERY", 1)
    monkeypatch.setattr("training.validate.SHOWN", 2)
    trainer = make_trainer(steps=3, adversarial_from=1)
    pool = Pool(squares, trainer.device)
    run(trainer, pool, pool, tmp_path, minutes=9, save_every=2, facts={"engine": "abc"})

    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text("utf-8").splitlines()]
    assert [row["step"] for row in rows if "losses" in row] == [1, 2, 3]
    assert [row["step"] for row in rows if "validation" in row] == [0, 2, 3]
    assert load_state(tmp_path / "state")[1]["step"] == 3
    assert (tmp_path / "sheet-000003.jpg").exists()
    assert (tmp_path / "losses.svg").exists()


def test_a_run_stops_after_its_minutes_and_goes_on(make_trainer, squares, features, tmp_path):
    trainer = make_trainer(steps=50, adversarial_from=1)
    pool = Pool(squares, trainer.device)
    run(trainer, pool, pool, tmp_path, minutes=0, save_every=100, facts={})
    tensors, facts = load_state(tmp_path / "state")
    assert facts["step"] == 1
    again = make_trainer(steps=50, adversarial_from=1)
    again.restore(tensors, facts["step"])
    run(again, pool, pool, tmp_path, minutes=0, save_every=100, facts={})
    assert load_state(tmp_path / "state")[1]["step"] == 2
