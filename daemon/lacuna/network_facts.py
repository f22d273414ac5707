"""What is known of a network before it is loaded: all that the engine needs to plan its work."""

from typing import Literal, Protocol

# What a network does with a hole. `corrects`: it wants a completion there, and corrects it on the
# picture's own level. `proposes`: it is shown black there and paints by itself, on the level on
# which it bridges the hole.
Role = Literal["corrects", "proposes"]

USUAL_TILE_PX = 512  # what the front guesses with, and what any network is given if it fits
# What a network that proposes is shown in one piece, if it fits: 1,448 x 1,448 pixels. Its authors
# show it pictures of up to 2 megapixels; beyond, it repeats itself.
USUAL_PIECE_PX = 1 << 21


class NetworkFacts(Protocol):
    """What the engine needs to know of a network to plan its work.

    Attributes:
        role: What it does with a hole.
        max_hole_radius_px: Largest distance to a known pixel that it bridges on one level.
        tile_px: Side of a tile that suits memory and weights.
        piece_px: Pixels of the largest window that it is shown in one piece, if it proposes.
        overlap_px: Pixels that neighbouring tiles should share.
        multiple_px: What the sides of a tile should be multiples of.
    """

    @property
    def role(self) -> Role: ...
    @property
    def max_hole_radius_px(self) -> int: ...
    @property
    def tile_px(self) -> int: ...
    @property
    def piece_px(self) -> int: ...
    @property
    def overlap_px(self) -> int: ...
    @property
    def multiple_px(self) -> int: ...


class FactsOf:
    """The facts of a network, for whatever stands in front of it.

    Args:
        network: Whose facts they are.
    """

    def __init__(self, network: NetworkFacts) -> None:
        self.role = network.role
        self.max_hole_radius_px = network.max_hole_radius_px
        self.tile_px = network.tile_px
        self.piece_px = network.piece_px
        self.overlap_px = network.overlap_px
        self.multiple_px = network.multiple_px


def usual_overlap(tile_px: int) -> int:
    """Return the pixels that neighbouring tiles share: an eighth of their side, 64 of 512."""
    return tile_px // 8
