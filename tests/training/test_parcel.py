import cv2
import numpy as np
import pytest
import torch

from training.parcel import FEATURES, PICTURES, START, make_parcel
from training.pictures import find_pictures, read_picture


@pytest.fixture
def folder(tmp_path):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (1400, 2400, 3)).astype(np.uint8)
    cv2.imwrite(str(pictures / "a.jpg"), noise)
    (pictures / "LICENSES.txt").write_text("file | w | licence\na.jpg | 1 | CC0\n", "utf-8")
    torch.save({"a": torch.ones(3), "n": torch.tensor(7)}, tmp_path / "f.pt")
    return pictures


def test_a_parcel_holds_reduced_pictures_with_their_licences(folder, tmp_path):
    make_parcel([folder], tmp_path / "f.pt", tmp_path / "f.pt", tmp_path / "out")
    found = find_pictures([tmp_path / "out" / PICTURES])
    assert [(source.path.name, source.licence) for source in found] == [("a.jpg", "CC0")]
    assert max(read_picture(found[0].path).shape) == 1024
    for name in (FEATURES, START):
        tensors = torch.load(tmp_path / "out" / name, weights_only=True)
        assert tensors["a"].dtype == torch.float16
        assert tensors["n"] == 7


def test_pictures_are_compressed_until_the_parcel_is_small_enough(folder, tmp_path):
    wide = make_parcel([folder], tmp_path / "f.pt", None, tmp_path / "out")
    tight = make_parcel([folder], tmp_path / "f.pt", None, tmp_path / "out", most=wide - 1)
    assert tight < wide
    with pytest.raises(ValueError, match="more than 1,000"):
        make_parcel([folder], tmp_path / "f.pt", None, tmp_path / "out", most=1000)
