"""The picture that is filled in GIMP, and the part of it that the tests select."""

from pathlib import Path

WIDTH, HEIGHT = 200, 140
TOWER = (52, 50, 40, 40)  # across the tower, and across the edge of the cut-out of kinds.py


def save_tower(folder: Path) -> None:
    from skimage import data, io

    io.imsave(folder / "tower.png", data.rocket()[190:330, 250:450], check_contrast=False)
