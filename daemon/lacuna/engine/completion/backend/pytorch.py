"""The search and the vote on a GPU, by PyTorch: all targets of a slice at once.

What a target finds is seen by its neighbours one step later, not at once, so matches differ from
those of a processor. The order in which numbers are added is fixed: the same GPU gives the same.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from lacuna_wire.errors import DeviceLost

from ...pixels.document import COLOURS, Places
from ..problem import Matches, Problem, extend_edges
from ..refine import neighbours
from .kernels import BIAS_COST, SIDE
from .voting import (
    LEAST_PARTY,
    LEAST_USUAL,
    LEAST_WEIGHT,
    PARTY,
    PARTY_STEPS,
    RIM_PARTY,
    SPREAD,
)

SLICE = 65_536  # targets at a time: four copies of their patches are 250 MB
NOWHERE = -(1 << 40)  # a place that no shift brings into a plane


class TensorProblem(NamedTuple):
    """A `Problem` on a device of PyTorch.

    Attributes:
        image: float32 (places, C).
        colours: How many of the C are colours.
        parties: How many are voted on by parties: the colours, and alpha if there is one.
        voted: How many a vote changes.
        is_source: bool (places,).
        targets: int64 (N,).
        number: int64 (places,): position among the targets, or N.
        trust: float32 (places,).
        most_shift: float32 (places,).
        hole: int64 (missing pixels,), places.
        around: int64 (SIDE * SIDE,), from a place to those of its patch.
        stride: Places per row.
        activity: float32 (places,).
        expected: float32 (N,).
    """

    image: Tensor
    colours: int
    parties: int
    voted: int
    is_source: Tensor
    targets: Tensor
    number: Tensor
    trust: Tensor
    most_shift: Tensor
    hole: Tensor
    around: Tensor
    stride: int
    activity: Tensor
    expected: Tensor


class TensorMatches(NamedTuple):
    """`Matches` on a device: int64 (N,), float32 (N,) and float32 (N, colours)."""

    source: Tensor
    cost: Tensor
    bias: Tensor


class PyTorch:
    """A `Backend` on a device of PyTorch.

    Args:
        device: Its name.

    Raises:
        MemoryError: If the device has too little memory; every call may raise it.
        DeviceLost: If the device has failed; every call may raise it.
    """

    def __init__(self, device: str) -> None:
        self.device = device

    def load(self, problem: Problem, source: Places) -> tuple[TensorProblem, TensorMatches]:
        with device_errors():
            found = torch.from_numpy(source).to(self.device)
            nothing = torch.empty((len(source), 1 + problem.colours), device=self.device)
            unscored = TensorMatches(found, nothing[:, 0], nothing[:, 1:])
            return upload(problem, self.device), unscored

    def score(self, plane: TensorProblem, found: TensorMatches) -> TensorMatches:
        with device_errors():
            return score(plane, found.source)

    def search(
        self, plane: TensorProblem, found: TensorMatches, steps: tuple[int, ...], walks: Places
    ) -> TensorMatches:
        with device_errors():
            return search(plane, found, steps, walks)

    def vote(self, plane: TensorProblem, found: TensorMatches) -> None:
        with device_errors():
            vote(plane, found)

    def store(self, plane: TensorProblem, found: TensorMatches, problem: Problem) -> Matches:
        with device_errors():
            problem.image.reshape(-1, problem.channels)[:] = plane.image.cpu().numpy()
            return Matches(*(values.cpu().numpy() for values in found))


@contextlib.contextmanager
def device_errors() -> Iterator[None]:
    """Turn PyTorch's words for a full and for a lost device into the engine's."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise MemoryError(str(error)) from error
    except torch.AcceleratorError as error:
        reason = str(error).partition("\n")[0]
        raise DeviceLost(f"The GPU has failed ({reason}). The next job starts it again.") from error


def upload(problem: Problem, device: str) -> TensorProblem:
    """Copy a problem to a device."""

    def tensor(array: Any) -> Tensor:
        return torch.tensor(array, device=device)

    number = np.where(problem.number < 0, len(problem.targets), problem.number)
    return TensorProblem(
        image=tensor(problem.image.reshape(-1, problem.channels)),
        colours=problem.colours,
        parties=problem.colours + problem.has_alpha,
        voted=problem.voted,
        is_source=tensor(problem.is_source),
        targets=tensor(problem.targets),
        number=tensor(number.astype(np.int64)),
        trust=tensor(problem.trust),
        most_shift=tensor(problem.most_shift),
        hole=tensor(problem.find_hole()),
        around=tensor(problem.around),
        stride=problem.stride,
        activity=tensor(problem.activity),
        expected=tensor(problem.expected),
    )


def score(plane: TensorProblem, source: Tensor) -> TensorMatches:
    """Compare every target with its source."""
    found = []
    for some in _slices(len(source)):
        own = cut(plane, plane.image, plane.targets[some])
        weights = weights_of(plane, plane.targets[some])
        sources = cut(plane, plane.image, source[some])
        found.append(compare(own, weights, sources, plane.most_shift[source[some]]))
    costs, shifts = zip(*found, strict=True)
    calm = calmness(plane.expected, plane.activity[source])
    return TensorMatches(source, torch.cat(costs) + calm, torch.cat(shifts))


def cut(plane: TensorProblem, values: Tensor, places: Tensor) -> Tensor:
    """Copy what (places, C) values there are around N places: (N, SIDE * SIDE, C)."""
    around = (places[:, None] + plane.around).view(-1)
    return values.index_select(0, around).view(-1, SIDE * SIDE, values.shape[1])


def weights_of(plane: TensorProblem, places: Tensor) -> Tensor:
    """How much the pixels of the patches around N places are trusted: (N, SIDE * SIDE, 1)."""
    trust = cut(plane, plane.trust[:, None], places)
    return trust / trust.sum(dim=1, keepdim=True)


def compare(own: Tensor, weights: Tensor, sources: Tensor, most: Tensor) -> tuple[Tensor, Tensor]:
    """Compare N patches as `kernels.compare`: costs (N,), shifts (N, COLOURS) up to `most` (N,)."""
    difference = sources - own
    weighted = difference * weights
    mean = weighted.sum(dim=1)[:, :COLOURS]
    shift = mean.neg().clamp_(-most[:, None], most[:, None])
    squares = (weighted * difference).sum(dim=(1, 2))
    return squares + ((2 * mean + float(1 + BIAS_COST) * shift) * shift).sum(dim=1), shift


def calmness(expected: Tensor, activity: Tensor) -> Tensor:
    """Cost of N sources that are less active than is expected, as `kernels.calmness`."""
    return (expected - activity).clamp_(min=0).square_()


def search(
    plane: TensorProblem, found: TensorMatches, steps: tuple[int, ...], walks: Places
) -> TensorMatches:
    """Look for better sources, as `Backend.search`."""
    found = score(plane, found.source)  # a vote has changed the plane
    for step in steps:
        shift = torch.tensor(neighbours(plane.stride, step), device=plane.image.device)
        known = torch.cat([found.source, found.source.new_full((1,), NOWHERE)])

        def asked(some: slice, shift: Tensor = shift, known: Tensor = known) -> Tensor:
            places = (plane.targets[some, None] - shift).clamp(0, len(plane.number) - 1)
            return known[plane.number[places]] + shift

        found = offer(plane, found, asked)
    if not len(walks):
        return found
    walked = torch.from_numpy(walks).to(plane.image.device).T
    return offer(plane, found, lambda some: found.source[some, None] + walked[some])


def offer(
    plane: TensorProblem, found: TensorMatches, candidates: Callable[[slice], Tensor]
) -> TensorMatches:
    """Take the best of some candidates for every target that it suits better than its source.

    Args:
        candidates: Gives those of a slice of the targets: int64 (n, K), in the plane or not.
    """
    better = TensorMatches(*(values.clone() for values in found))
    for some in _slices(len(found.source)):
        targets = plane.targets[some]
        own, weights = cut(plane, plane.image, targets), weights_of(plane, targets)
        offered = candidates(some).clamp(0, len(plane.is_source) - 1)
        for candidate in offered.unbind(dim=1):
            asked = plane.is_source[candidate] & (candidate != better.source[some])
            which = asked.nonzero()[:, 0]
            patch = cut(plane, plane.image, candidate[which])
            most = plane.most_shift[candidate[which]]
            cost, bias = compare(own[which], weights[which], patch, most)
            cost += calmness(plane.expected[some][which], plane.activity[candidate[which]])
            closer = (cost < better.cost[some][which]).nonzero()[:, 0]
            winners = which[closer] + some.start
            better.source[winners] = candidate[which[closer]]
            better.cost[winners], better.bias[winners] = cost[closer], bias[closer]
    return better


def vote(plane: TensorProblem, found: TensorMatches) -> None:
    """Give each missing pixel the colour that most patches agree on, as `voting.vote`."""
    # One more, of no weight: it stands for a patch whose middle is outside of the plane.
    colours = plane.colours
    nothing = plane.trust.new_zeros((1, plane.colours))
    source = torch.cat([found.source, plane.targets[:1]])
    trust = torch.cat([plane.trust[plane.targets], nothing[0, :1]])
    cost = torch.cat([found.cost, nothing[0, :1]])
    bias = torch.cat([found.bias, nothing])
    voted = []
    for some in _slices(len(plane.hole)):
        number = plane.number[plane.hole[some, None] - plane.around]
        trusted, costs = trust[number], cost[number]
        usual = (costs * trusted).sum(dim=1, keepdim=True) / trusted.sum(dim=1, keepdim=True)
        alike = torch.exp(-costs / (float(2 * SPREAD) * usual + float(LEAST_USUAL))) + float(
            LEAST_WEIGHT
        )
        weights = trusted * alike
        weights /= weights.sum(dim=1, keepdim=True)
        places = source[number] + plane.around
        mean = _mean_of_rows(plane.image, places, weights)
        mean[:, :colours] += _mean_of_rows(bias, number, weights)
        shown = plane.image[:, : plane.parties][places]
        shown[..., :colours] += bias[number]
        own = trust[plane.number[plane.hole[some]]]
        mean[:, : plane.parties] = shift_to_mode(shown, weights, own, mean[:, : plane.parties])
        mean[:, :colours].clamp_(0, 1)
        voted.append(mean)
    plane.image[plane.hole, : plane.voted] = torch.cat(voted)[:, : plane.voted]
    extend_edges(plane.image.view(-1, plane.stride, plane.image.shape[1]))


def shift_to_mode(colours: Tensor, weights: Tensor, trust: Tensor, mean: Tensor) -> Tensor:
    """Move means (N, C) to the nearest mode of colours (N, K, C), as `voting.shift_to_mode`."""
    radius = float(PARTY) * (float(RIM_PARTY) * trust[:, None]).clamp(min=1)
    squares = 6 * radius.square()  # over three channels, and what alpha adds to them
    for _ in range(PARTY_STEPS):
        away = (colours - mean[:, None]).square().sum(dim=2)
        party = weights * (torch.exp(-away / squares) + float(LEAST_PARTY))
        mean = (colours * party[..., None]).sum(dim=1) / party.sum(dim=1, keepdim=True)
    return mean


def _mean_of_rows(table: Tensor, rows: Tensor, weights: Tensor) -> Tensor:
    """Weighted sum of the rows (N, K) of a table (M, C): (N, C)."""
    return embedding_bag(rows, table, per_sample_weights=weights, mode="sum")


def _slices(count: int) -> Iterator[slice]:
    for first in range(0, count, SLICE):
        yield slice(first, min(first + SLICE, count))
