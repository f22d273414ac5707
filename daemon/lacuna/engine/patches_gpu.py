"""The search and the vote of `patches.py` on a GPU, by PyTorch: all targets of a slice at once.

What a target finds is seen by its neighbours one step later, not at once, so matches differ from
those of a processor. The order in which numbers are added is fixed: the same GPU gives the same.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from lacuna_wire.errors import DeviceLost

from . import patches
from .kernels import BIAS_COST, MOST_BIAS, RADIUS, SIDE
from .patches import Ground, Matches, Plan, draw_walks, extend_edges, neighbours, take_turns
from .planes import Places
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

log = logging.getLogger(__name__)


class Plane(NamedTuple):
    """A `Ground` on a GPU.

    Attributes:
        image: float32 (places, C).
        is_source: bool (places,).
        targets: int64 (N,).
        number: int64 (places,): position among the targets, or N.
        trust: float32 (places,).
        hole: int64 (missing pixels,), places.
        around: int64 (SIDE * SIDE,), from a place to those of its patch.
        stride: Places per row.
    """

    image: Tensor
    is_source: Tensor
    targets: Tensor
    number: Tensor
    trust: Tensor
    hole: Tensor
    around: Tensor
    stride: int


class Found(NamedTuple):
    """`Matches` on a GPU: int64 (N,), float32 (N,) and float32 (N, 3)."""

    source: Tensor
    cost: Tensor
    bias: Tensor


def refine_on(
    device: str, ground: Ground, source: Places, plan: Plan, rng: np.random.Generator
) -> Matches:
    """Search and vote in turns as `patches.refine`, on a GPU; on the CPU if it has no memory left.

    Args:
        device: For PyTorch.

    Raises:
        DeviceLost: If the GPU has failed.
    """
    before = ground.image.copy()
    try:
        return _refine(device, ground, source, plan, rng)
    except torch.OutOfMemoryError as error:
        log.warning("the guide goes on with the CPU: %s", error)
        ground.image[:] = before
        return patches.refine(ground, source, plan, rng)
    except torch.AcceleratorError as error:
        reason = str(error).partition("\n")[0]
        raise DeviceLost(f"The GPU has failed ({reason}); the next job starts it anew.") from error


def _refine(
    device: str, ground: Ground, source: Places, plan: Plan, rng: np.random.Generator
) -> Matches:
    plane = upload(ground, device)
    found = take_turns(
        plan,
        judge(plane, torch.from_numpy(source).to(device)),
        lambda found: search(plane, found, plan, rng),
        lambda found: vote(plane, found),
    )
    if plan.judged:
        found = judge(plane, found.source)
    ground.image.reshape(-1, ground.channels)[:] = plane.image.cpu().numpy()
    return Matches(*(values.cpu().numpy() for values in found))


def upload(ground: Ground, device: str) -> Plane:
    """Copy a plane to a GPU."""

    def tensor(array: Any) -> Tensor:
        return torch.tensor(array, device=device)

    number = np.where(ground.number < 0, len(ground.targets), ground.number)
    return Plane(
        image=tensor(ground.image.reshape(-1, ground.channels)),
        is_source=tensor(ground.is_source),
        targets=tensor(ground.targets),
        number=tensor(number.astype(np.int64)),
        trust=tensor(ground.trust),
        hole=tensor(np.flatnonzero(np.pad(ground.missing, RADIUS))),
        around=tensor(ground.around),
        stride=ground.stride,
    )


def judge(plane: Plane, source: Tensor) -> Found:
    """Compare every target with its source."""
    found = [
        compare(
            cut(plane, plane.image, plane.targets[some]),
            weights_of(plane, plane.targets[some]),
            cut(plane, plane.image, source[some]),
        )
        for some in _slices(len(source))
    ]
    costs, shifts = zip(*found, strict=True)
    return Found(source, torch.cat(costs), torch.cat(shifts))


def cut(plane: Plane, values: Tensor, places: Tensor) -> Tensor:
    """Copy what (places, C) values there are around N places: (N, SIDE * SIDE, C)."""
    around = (places[:, None] + plane.around).view(-1)
    return values.index_select(0, around).view(-1, SIDE * SIDE, values.shape[1])


def weights_of(plane: Plane, places: Tensor) -> Tensor:
    """How much the pixels of the patches around N places are trusted: (N, SIDE * SIDE, 1)."""
    trust = cut(plane, plane.trust[:, None], places)
    return trust / trust.sum(dim=1, keepdim=True)


def compare(own: Tensor, weights: Tensor, sources: Tensor) -> tuple[Tensor, Tensor]:
    """Compare N patches with N others, as `kernels.compare`: costs (N,) and shifts (N, 3)."""
    difference = sources - own
    weighted = difference * weights
    mean = weighted.sum(dim=1)[:, :3]
    shift = mean.neg().clamp_(-float(MOST_BIAS), float(MOST_BIAS))
    squares = (weighted * difference).sum(dim=(1, 2))
    return squares + ((2 * mean + float(1 + BIAS_COST) * shift) * shift).sum(dim=1), shift


def search(plane: Plane, found: Found, plan: Plan, rng: np.random.Generator) -> Found:
    """Look for better sources, as `patches.search`."""
    found = judge(plane, found.source)  # a vote has changed the plane
    for step in plan.steps:
        shift = torch.tensor(neighbours(plane.stride, step), device=plane.image.device)
        known = torch.cat([found.source, found.source.new_full((1,), NOWHERE)])

        def asked(some: slice, shift: Tensor = shift, known: Tensor = known) -> Tensor:
            places = (plane.targets[some, None] - shift).clamp(0, len(plane.number) - 1)
            return known[plane.number[places]] + shift

        found = offer(plane, found, asked)
    walks = draw_walks(len(found.source), plane.stride, rng, plan.reach, plan.far)
    if not len(walks):
        return found
    walked = torch.from_numpy(walks).to(plane.image.device).T
    return offer(plane, found, lambda some: found.source[some, None] + walked[some])


def offer(plane: Plane, found: Found, candidates: Callable[[slice], Tensor]) -> Found:
    """Take the best of some candidates for every target that it suits better than its source.

    Args:
        candidates: Gives those of a slice of the targets: int64 (n, K), in the plane or not.
    """
    better = Found(*(values.clone() for values in found))
    for some in _slices(len(found.source)):
        targets = plane.targets[some]
        own, weights = cut(plane, plane.image, targets), weights_of(plane, targets)
        offered = candidates(some).clamp(0, len(plane.is_source) - 1)
        for candidate in offered.unbind(dim=1):
            asked = plane.is_source[candidate] & (candidate != better.source[some])
            which = asked.nonzero()[:, 0]
            patch = cut(plane, plane.image, candidate[which])
            cost, bias = compare(own[which], weights[which], patch)
            closer = (cost < better.cost[some][which]).nonzero()[:, 0]
            winners = which[closer] + some.start
            better.source[winners] = candidate[which[closer]]
            better.cost[winners], better.bias[winners] = cost[closer], bias[closer]
    return better


def vote(plane: Plane, found: Found) -> None:
    """Give each missing pixel the colour that most patches agree on, as `voting.vote`."""
    # One more, of no weight: it stands for a patch whose middle is outside of the plane.
    nothing = plane.trust.new_zeros((1, 3))
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
        mean[:, :3] += _mean_of_rows(bias, number, weights)
        colours = plane.image[:, :3][places] + bias[number]
        own = trust[plane.number[plane.hole[some]]]
        mean[:, :3] = settle(colours, weights, own, mean[:, :3]).clamp_(0, 1)
        voted.append(mean)
    plane.image[plane.hole] = torch.cat(voted)
    extend_edges(plane.image.view(-1, plane.stride, plane.image.shape[1]))


def settle(colours: Tensor, weights: Tensor, trust: Tensor, mean: Tensor) -> Tensor:
    """Move means (N, 3) to the nearest mode of colours (N, K, 3), as `voting.settle`."""
    squares = 6 * (float(PARTY) * (float(RIM_PARTY) * trust[:, None]).clamp(min=1)).square()
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
