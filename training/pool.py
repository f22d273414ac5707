"""Squares with holes and first fills, from files or a GPU's memory, cut and turned into batches.

A batch depends on the seed and the number of its step alone: a run that was interrupted goes on as
if it had not been.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.completions import Completions
from training.guides import Fill, own_guide, reduced_guide, smooth_guide

# Guides of a batch: the engine's completions are what the product shows, so most are these.
SHARES = {"completion": 0.85, "smooth": 0.05, "reduced": 0.05, "own": 0.05}
MOST_GAMMA = 1.3  # of brightness, up or down: every picture at several exposures
SPOTS = 64  # missing pixels that are known of every square: one of them is in every cut


class Batch(NamedTuple):
    """What the network learns from at a time.

    Attributes:
        truth: float32 (N, 3, side, side) in [0, 1].
        guide: float32 (N, 3, side, side), the truth where nothing is missing.
        mask: float32 (N, 1, side, side), 1 = missing.
    """

    truth: Tensor
    guide: Tensor
    mask: Tensor


class Pool:
    """Squares on a device.

    Args:
        completions: Where they come from: mapped for the CPU, copied to a GPU.
        device: Where batches are made.
    """

    def __init__(self, completions: Completions, device: torch.device) -> None:
        self.device = device
        self.squares: list[Tensor] = []
        self.spots: list[NDArray[np.int16]] = []
        self._completions = completions
        self._rng = np.random.default_rng(0)
        self.refresh()

    def refresh(self) -> None:
        """Take in what has been added to the cache; such a run cannot be repeated bit for bit."""
        self._completions.refresh()
        for number in range(len(self.squares), len(self._completions)):
            square = self._completions[number]
            self.squares.append(torch.from_numpy(square).to(self.device))
            self.spots.append(find_spots(square, self._rng))

    def cut(self, number: int, side: int, generator: torch.Generator) -> Tensor:
        """Cut some missing pixels and what is around them: uint8 (side, side, 7), any way up."""
        square, spots = self.squares[number], self.spots[number]
        dice = torch.randint(2**30, (6,), generator=generator).tolist()
        row, column = spots[dice[0] % len(spots)]
        top = _start(int(row), side, len(square), dice[1])
        left = _start(int(column), side, len(square), dice[2])
        part = square[top : top + side, left : left + side]
        turned = [axis for axis in (0, 1) if dice[3 + axis] % 2]
        if dice[5] % 2:
            part = part.transpose(0, 1)
        return part.flip(turned) if turned else part


def find_spots(square: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.int16]:
    """Choose missing pixels: int16 (up to SPOTS, 2), rows and columns."""
    places = np.argwhere(square[..., 6])
    return rng.permutation(places)[:SPOTS].astype(np.int16)


def _start(place: int, side: int, whole: int, dice: int) -> int:
    """Where a cut begins that has `place` somewhere in its middle half."""
    least = max(0, place - 3 * side // 4)
    most = min(whole - side, place - side // 4)
    least, most = min(least, whole - side), max(most, 0)
    return least + dice % (most - least + 1) if most >= least else least


def make_batch(pool: Pool, fill: Fill, count: int, side: int, seed: Sequence[int]) -> Batch:
    """Make the batch of a step.

    Args:
        pool: Squares.
        fill: The network, for guides of its own making.
        count: Squares of the batch.
        side: Of each, a multiple of 16.
        seed: Of the run, and the number of the step.
    """
    state = np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] >> np.uint64(1)
    generator = torch.Generator().manual_seed(int(state))
    numbers = torch.randint(len(pool.squares), (count,), generator=generator).tolist()
    planes = torch.stack([pool.cut(number, side, generator) for number in numbers])
    planes = planes.permute(0, 3, 1, 2).float()
    mask = planes[:, 6:].contiguous()
    truth, completed = expose(planes[:, :6] / 255, generator).split(3, dim=1)
    kinds = torch.multinomial(
        torch.tensor(list(SHARES.values())), count, replacement=True, generator=generator
    )
    guide = completed.clone()
    for kind, name in enumerate(SHARES):
        rows = torch.nonzero(kinds == kind)[:, 0].to(pool.device)
        if name != "completion" and len(rows):
            guide[rows] = _guide(name, truth[rows], mask[rows], fill, generator)
    last = torch.channels_last
    return Batch(truth.contiguous(memory_format=last), guide.contiguous(memory_format=last), mask)


def _guide(
    name: str, truth: Tensor, mask: Tensor, fill: Fill, generator: torch.Generator
) -> Tensor:
    if name == "smooth":
        return smooth_guide(truth, mask)
    if name == "reduced":
        return reduced_guide(truth, mask, generator)
    return own_guide(truth, mask, fill)


def expose(image: Tensor, generator: torch.Generator) -> Tensor:
    """Change brightness and order of the colours: (N, 6, H, W), truth and guide alike."""
    dice = torch.rand(len(image), 1, 1, 1, generator=generator) * 2 - 1
    image = image ** (MOST_GAMMA**dice).to(image.device)
    order = torch.stack([torch.randperm(3, generator=generator) for _ in range(len(image))])
    order = torch.cat([order, order + 3], dim=1)[:, :, None, None].to(image.device)
    return image.gather(1, order.expand_as(image))
