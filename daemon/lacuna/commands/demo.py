"""`lacuna demo`: one real removal from start to end, on a photograph that everybody has."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

FOLDER = Path("lacuna-demo")

# The two lightning towers beside the rocket, with the lamps before them: corners in pixels (x, y)
# of scikit-image's photograph `rocket` (640 x 427, SpaceX, CC0).
TOWERS = (
    ((193, 118), (209, 118), (209, 366), (221, 374), (221, 416), (190, 418), (188, 426),
     (154, 426), (166, 345), (178, 262), (185, 186), (194, 180)),
    ((442, 118), (453, 118), (457, 186), (463, 188), (466, 240), (484, 426), (434, 426),
     (428, 416), (414, 410), (414, 376), (436, 366), (437, 186), (444, 180)),
)  # fmt: skip


@click.command()
@click.option("--progress/--no-progress", default=None, help="Show a bar; default on a terminal.")
def demo(progress: bool | None) -> None:
    """Remove two towers from a photograph; before and after are in ./lacuna-demo/."""
    from lacuna.commands.progress import progress_bar
    from lacuna.files import save_picture
    from lacuna.removal import RemovalPaths, connect, fill_by_daemon, prepare
    from lacuna_wire import Options

    FOLDER.mkdir(exist_ok=True)
    before, mask, after = (FOLDER / f"{name}.png" for name in ("before", "mask", "after"))
    with _timed("Photograph and mask drawn."):
        _write_input(before, mask)
    with _timed("Daemon found or started."):
        connect()
    removal = prepare(RemovalPaths(before, mask, after), Options(result="composite"))
    with _timed("Towers removed."), progress_bar("rocket", progress) as show:
        edits = fill_by_daemon(removal, show).edits
    with _timed("Pictures written."):
        save_picture(removal.picture, after, edits)
        _write_comparison(before, mask, after, FOLDER / "side-by-side.png")
    click.echo(f"The pictures are in {FOLDER.resolve()}: before, mask, after, side-by-side.")
    click.echo("The daemon keeps running for the next picture. `lacuna stop` stops it.")


@contextmanager
def _timed(step: str) -> Iterator[None]:
    start = time.monotonic()
    yield
    click.echo(f"{time.monotonic() - start:6.2f} s  {step}")


def _write_input(before: Path, mask: Path) -> None:
    try:
        from skimage import data
    except ImportError:
        from lacuna_wire import LacunaError

        raise LacunaError(
            "The demo takes its photograph from scikit-image, which is not installed. "
            "Run `pip install 'lacuna-inpaint[demo]'`."
        ) from None
    import cv2
    import numpy as np

    photograph = data.rocket()
    selection = np.zeros(photograph.shape[:2], np.uint8)
    cv2.fillPoly(selection, [np.array(corners, np.int32) for corners in TOWERS], 255)
    cv2.imwrite(str(before), photograph[..., ::-1])
    cv2.imwrite(str(mask), selection)


def _write_comparison(before: Path, mask: Path, after: Path, out: Path) -> None:
    """Write before, before with the mask in red, and after, side by side."""
    import cv2
    import numpy as np

    original, selection, filled = (np.asarray(cv2.imread(str(p))) for p in (before, mask, after))
    red = np.array((40, 40, 220), np.uint8)  # BGR
    marked = np.where(selection > 127, original // 2 + red // 2, original)
    gap = np.full((original.shape[0], 8, 3), 255, np.uint8)
    cv2.imwrite(str(out), np.hstack([original, gap, marked, gap, filled]))
