"""What travels to a machine with a GPU.

`python -m training.parcel PICTURES... --features FILE --start WEIGHTS --out FOLDER` writes pictures
of at most 1024 px as JPEG, with their licences, the features' weights, and weights to begin with,
in at most 40 MB together with the code; torch, NumPy and OpenCV are all that is needed there.
"""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from training.pictures import LICENCES, Source, find_pictures, read_picture
from training.train import read_tensors

LONGER_PX = 1024
MAX_BYTES = 38 * 10**6  # the code and its tests need less than 2 MB
QUALITIES = (92, 88, 84, 78, 70, 60)
FEATURES, START, PICTURES = "features.pt", "start.pt", "pictures"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="pictures with their LICENSES.txt")
    parser.add_argument("--features", type=Path, required=True, help="SqueezeNet 1.1 features")
    parser.add_argument("--start", type=Path, help="weights to begin with")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    size = make_parcel(arguments.folders, arguments.features, arguments.start, arguments.out)
    print(f"{arguments.out}: {size:,} bytes")


def make_parcel(
    folders: Sequence[Path], features: Path, start: Path | None, out: Path, most: int = MAX_BYTES
) -> int:
    """Fill a folder, which is emptied first; what comes back is its size in bytes.

    Raises:
        ValueError: If it is more than `most` bytes even with the coarsest compression.
    """
    sources = find_pictures(folders)
    shutil.rmtree(out, ignore_errors=True)
    (out / PICTURES).mkdir(parents=True)
    for name, path in ((FEATURES, features), (START, start)):
        if path:
            halves = {
                n: t.half() if t.is_floating_point() else t for n, t in read_tensors(path).items()
            }
            torch.save(halves, out / name)
    for quality in QUALITIES:
        write_pictures(sources, out / PICTURES, quality)
        size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
        if size <= most:
            return size
    raise ValueError(f"the parcel has {size:,} bytes, more than {most:,}")


def write_pictures(sources: Sequence[Source], out: Path, quality: int) -> None:
    """Write reduced pictures, and the list of their licences."""
    rows = ["file | licence"]
    for source in sources:
        picture = read_picture(source.path)
        scale = LONGER_PX / max(picture.shape[:2])
        if scale < 1:
            how = cv2.INTER_AREA
            picture = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=how))
        how_well = [cv2.IMWRITE_JPEG_QUALITY, quality]
        cv2.imwrite(str(out / source.path.name), picture[..., ::-1], how_well)
        rows.append(f"{source.path.name} | {source.licence}")
    (out / LICENCES).write_text("\n".join(rows) + "\n", "utf-8")


if __name__ == "__main__":
    main()
