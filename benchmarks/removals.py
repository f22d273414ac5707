"""Ten removals as people make them, to be looked at: nobody knows what was behind these things.

`python -m benchmarks.removals FOLDER... --sheet OUT.png [--ways auto,pypatchmatch] [--only wire]`
fills what REMOVALS selects in pictures that are found in the folders, in every way, and shows the
fills side by side. What is not found is left out, and a line says so. pypatchmatch and
Resynthesizer run in an environment of their own, whose Python `--peers` or LACUNA_PEERS_PYTHON
names. `--fills FOLDER` keeps the fills; what is there is not filled again.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from benchmarks.cases import Mask, Picture, reduce_picture
from benchmarks.contact_sheet import Row, row_of, write_sheets
from benchmarks.peer_programs import PYTHON_VARIABLE, peers_python
from benchmarks.ways import find_ways, keep_fills, load_weights
from benchmarks.workbench import engine_digest

SIDE_PX = 1100  # of all pictures, the longer one: what coordinates are in; smaller ones stay
WAYS = "telea,matchpatch,pypatchmatch,resynthesizer,auto"


class Removal(NamedTuple):
    """What is selected in a picture whose longer side is SIDE_PX.

    Attributes:
        name: What is removed.
        file: Of the picture.
        crop: Left, top, right and bottom of what is filled.
        points: Of a polygon, or of a line: x and y of each.
        thick: Width of the line; 0 for a polygon.
    """

    name: str
    file: str
    crop: tuple[int, int, int, int]
    points: str
    thick: int = 0


REMOVALS = (
    Removal(
        "lamp post before trees, wall and snow",
        "se_sister-carrie-cover.jpg",
        (0, 150, 560, 900),
        (
            "208,250 230,242 252,250 266,300 250,362 244,392 244,632 252,650 260,776 "
            "250,788 222,786 216,650 226,630 222,392 208,362 192,300"
        ),
    ),
    Removal(
        "bus and cyclist on a road",
        "akc_london-street-rain.jpg",
        (140, 250, 800, 825),
        (
            "372,484 396,452 440,440 492,452 504,480 504,604 476,612 474,640 458,704 "
            "444,722 418,716 416,640 410,606 372,598"
        ),
    ),
    Removal(
        "title on paper",
        "molentum_inktober-2023-14-castle.jpg",
        (0, 480, 420, 778),
        "2,754 98,746 174,746 176,777 2,777",
    ),
    Removal(
        "words on an engraving",
        "tenniel_alice-37.jpg",
        (0, 820, 520, 1100),
        "68,1004 128,1000 238,1032 242,1064 160,1052 68,1038",
    ),
    Removal(
        "bird on a branch",
        "wp2022_bird-on-salmon.jpg",
        (0, 60, 759, 900),
        (
            "84,535 96,510 130,478 235,425 300,392 186,338 190,312 270,272 360,242 "
            "448,234 470,198 520,170 560,170 672,120 680,134 585,208 562,222 558,292 "
            "532,368 472,412 432,442 422,470 392,472 375,456 345,452 306,446 284,466 "
            "266,480 246,504 206,546 172,568 144,588 126,594 98,588 84,558"
        ),
    ),
    Removal(
        "person before a panelled door",
        "molentum_fauns-fauns.jpg",
        (500, 60, 1088, 1100),
        (
            "600,175 640,212 664,190 662,142 702,180 738,240 764,282 818,312 830,350 "
            "802,552 836,830 832,866 806,882 812,1036 762,1034 752,940 752,868 722,852 "
            "716,946 694,1028 628,1026 656,930 658,872 620,852 614,740 642,560 636,500 "
            "626,470 628,400 644,300 612,262 596,200"
        ),
    ),
    Removal(
        "window in bricks",
        "commons_storefront.jpg",
        (480, 0, 733, 420),
        "656,116 698,134 714,362 670,342",
    ),
    Removal(
        "cable of a bridge",
        "wp2014_bridge.jpg",
        (700, 40, 1100, 440),
        "833,102 846,155 860,203 880,275 900,330 917,364",
        9,
    ),
    Removal(
        "taxi before a hedge",
        "akc_london-street-rain.jpg",
        (540, 300, 1100, 825),
        "728,494 758,474 802,474 852,488 860,600 842,626 738,626 724,602",
    ),
    Removal(
        "words and sign on a map's tone",
        "usfs_map-west-cleelum.jpg",
        (600, 160, 870, 430),
        "710,286 766,286 766,322 710,322",
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--sheet", type=Path, metavar="OUT.png", required=True)
    parser.add_argument("--ways", default=WAYS)
    parser.add_argument("--only", default="", help="removals whose names have one of these words")
    parser.add_argument("--weights", default="lacuna-small")
    parser.add_argument("--grow", type=int, default=0, help="of our own ways, in pixels")
    parser.add_argument("--fills", type=Path, metavar="FOLDER", help="keep fills there")
    parser.add_argument(
        "--peers", type=Path, help=f"Python that has the peers; default: ${PYTHON_VARIABLE}"
    )
    arguments = parser.parse_args()
    network, python = load_weights(arguments.weights), peers_python(arguments.peers)
    found = find_ways(arguments.ways.split(","), network, 0, python, arguments.grow)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        state = f"{engine_digest()} {network.info.sha256} {arguments.grow}"
        ways = keep_fills(found, arguments.fills or Path(folder), state)
        for name, picture, mask in removals(arguments.folders, arguments.only.split(",")):
            fills = {}
            for way, fill in ways.items():
                fills[way] = fill(picture, mask)
                print(f"{name}: {way}", flush=True)
            rows.append(row_of(name, mask, {"hole": picture, **fills}))
    print(*write_sheets(arguments.sheet, rows))


def removals(
    folders: Sequence[Path], words: Sequence[str] = ("",)
) -> Iterator[tuple[str, Picture, Mask]]:
    """Yield name, picture and mask of every removal that has one of the words in its name."""
    for removal in REMOVALS:
        if not any(word in removal.name for word in words):
            continue
        paths = [folder / removal.file for folder in folders if (folder / removal.file).exists()]
        whole = reduce_picture(paths[0], SIDE_PX) if paths else None
        if whole is None:
            print(f"{removal.name} is left out: no folder has {removal.file}")
            continue
        left, top, right, bottom = removal.crop
        mask = draw_selection(removal, *whole.shape[:2])
        around = np.s_[top:bottom, left:right]
        yield removal.name, np.ascontiguousarray(whole[around]), np.ascontiguousarray(mask[around])


def draw_selection(removal: Removal, height: int, width: int) -> Mask:
    """Draw what is selected: uint8 (height, width), 255 = missing."""
    mask = np.zeros((height, width), np.uint8)
    points = np.array([one.split(",") for one in removal.points.split()], np.int32)
    if removal.thick:
        cv2.polylines(mask, [points], False, 255, removal.thick)
    else:
        cv2.fillPoly(mask, [points], 255)
    return mask


if __name__ == "__main__":
    main()
