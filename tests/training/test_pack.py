import json

import numpy as np
import pytest
import torch

from lacuna.network.checkpoints import read_checkpoint
from lacuna.network.tile_network import load_network
from lacuna.network.weights_info import read_info
from lacuna_wire.errors import Unprocessable
from training.pack import MAX_BYTES, describe, pack, short_licence

METADATA = {"input": "guided", "output": "residual", "trained_px": "128"}


@pytest.fixture
def run(make_trainer, tmp_path):
    trainer = make_trainer(width=32, blocks=6)
    trainer.save(tmp_path / "run" / "state", {"engine": "abc", "minutes": 1.5})
    return tmp_path / "run"


def test_packed_weights_load_strictly_and_are_small(run, tmp_path):
    out = tmp_path / "lacuna-small.safetensors"
    pack(run, out, METADATA)
    assert out.stat().st_size < MAX_BYTES
    info = read_info(out, "lacuna-small", sha256=None)
    assert (info.role, info.output) == ("corrects", "residual")
    assert info.dimensions == {"width": 32, "blocks": 6}
    floats = [t for t in read_checkpoint(out).tensors.values() if t.is_floating_point()]
    assert {tensor.dtype for tensor in floats} == {torch.float16}


def test_packed_weights_fill_the_same_way_every_time(run, tmp_path):
    out = tmp_path / "lacuna-small.safetensors"
    pack(run, out, METADATA)
    rng = np.random.default_rng(0)
    image = rng.random((48, 72, 3), np.float32)
    mask = np.zeros((48, 72, 1), np.float32)
    mask[10:30, 20:50] = 1
    info = read_info(out, "lacuna-small", sha256=None)
    one, same = (load_network(info, "cpu").fill(image, mask) for _ in range(2))
    assert one.tobytes() == same.tobytes()


def test_half_the_strength_halves_what_is_added_to_the_guide(run, tmp_path):
    rng = np.random.default_rng(0)
    image = (0.3 + 0.4 * rng.random((48, 72, 3))).astype(np.float32)
    mask = np.zeros((48, 72, 1), np.float32)
    mask[10:30, 20:50] = 1
    added = []
    for strength in (1, 0.5):
        out = tmp_path / f"of-{strength}.safetensors"
        pack(run, out, METADATA, strength)
        network = load_network(read_info(out, "lacuna-small", sha256=None), "cpu")
        added.append((network.fill(image, mask) - image)[mask[..., 0] > 0])

    small = np.abs(added[0]) < 0.1  # of large ones the sigmoid makes less
    assert small.sum() > 100
    assert np.abs(added[0][small]).mean() > 1e-3
    np.testing.assert_allclose(2 * added[1][small], added[0][small], atol=0.01)


def test_what_cannot_be_used_is_not_left_behind(run, tmp_path):
    out = tmp_path / "lacuna-small.safetensors"
    with pytest.raises(Unprocessable):
        pack(run, out, {"input": "guided", "output": "nonsense"})
    assert not list(tmp_path.glob("lacuna-small*"))


def test_metadata_tell_where_the_weights_come_from(run, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "a.jpg").touch()
    (folder / "LICENSES.txt").write_text("file | licence\na.jpg | CC0 (readme)\n", "utf-8")
    words = describe(run, [folder])
    assert words["steps"] == str(json.loads((run / "state/state.json").read_text())["step"])
    assert words["minutes"] == "1.5"
    assert words["pictures"].startswith("1 photographs")
    assert "CC0-1.0" in words["pictures"]
    assert words["commit"]


def test_licences_are_told_apart():
    assert short_licence("Creative Commons Zero (readme.txt)") == "CC0-1.0"
    assert short_licence("US public domain painting: Music") == "public domain"
