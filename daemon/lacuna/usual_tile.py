"""The tile that is usual: what the front guesses with, and what any network is given if it fits."""

USUAL_TILE_PX = 512


def usual_overlap(tile_px: int) -> int:
    """Return the pixels that neighbouring tiles share: an eighth of their side, 64 of 512."""
    return tile_px // 8
