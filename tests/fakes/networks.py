"""Stand-in networks: they look at one pixel at a time, so tiled and untiled must be equal."""

import numpy as np


class StandIn:
    """Answers with a function of image and mask; counts and remembers what it was shown.

    Args:
        answer: (image, mask) -> fill, for arrays (H, W, 3) and (H, W, 1).
        role: What it does with a hole.
        tile_px: Default tile.
        piece_px: Pixels that it is shown in one piece, if it proposes.
        overlap_px: Default overlap.
        max_hole_radius_px: What it bridges on one level; by default all if it corrects, else 16.
        fits_px: A longer side raises MemoryError.
        cpu: What stands in for it when its own memory is short.
        device_name: Where it says it runs.
    """

    def __init__(
        self,
        answer=lambda image, mask: image,
        role="corrects",
        tile_px=64,
        overlap_px=16,
        max_hole_radius_px=0,
        fits_px=10_000,
        cpu=None,
        device_name="CPU",
        piece_px=1 << 21,
    ):
        self.answer = answer
        self.role = role
        self.multiple_px = 8
        self.device = "cpu"
        self.tile_px = tile_px
        self.piece_px = piece_px
        self.overlap_px = overlap_px
        by_role = 10_000 if role == "corrects" else 16
        self.max_hole_radius_px = max_hole_radius_px or by_role
        self.fits_px = fits_px
        self.cpu = cpu
        self.device_name = device_name
        self.shapes = []

    def fill(self, image, mask):
        assert image.dtype == mask.dtype == np.float32
        assert image.shape[:2] == mask.shape[:2]
        assert (image.shape[2], mask.shape[2]) == (3, 1)
        if max(mask.shape) > self.fits_px:
            raise MemoryError
        self.shapes.append(mask.shape[:2])
        return self.answer(image, mask)

    def fill_all(self, tiles):
        return (self.fill(*tile) for tile in tiles)

    def on_cpu(self):
        return self.cpu


def paint(*colour):
    """Answer with one colour for every pixel."""

    def answer(image, _mask):
        return np.broadcast_to(np.float32(colour), image.shape).copy()

    return answer
