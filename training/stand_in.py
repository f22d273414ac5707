"""Weights trained the published way, as a stand-in for big-lama where that cannot be had.

`python -m training.stand_in PICTURES... --features FILE --out FILE [--minutes 40]` trains a network
of the size of lacuna-small on the masked picture alone, as LaMa was (Suvorov et al.,
"Resolution-robust Large Mask Inpainting with Fourier Convolutions", WACV 2022), for minutes where
that took days. What comes out paints mush: it never ships. It is there so that the ways to steer
such weights (`benchmarks/steering`) can be compared by figures at all.
"""

import argparse
import copy
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn

from lacuna.network.architectures.lama.generator import Generator
from training.losses import (
    Discriminator,
    Features,
    adversarial_loss,
    difference,
    discriminator_loss,
    feature_distance,
)
from training.masks import draw_mask
from training.pack import shipped
from training.pictures import Picture, cut_square, find_pictures, read_picture, split
from training.train import read_tensors
from training.trainer import BLOCKS, WIDTH, in_half, in_mixed_precision

SIDE, BATCH = 128, 12
CPU = torch.device("cpu")
LONGER_PX = 768  # of the pictures in memory
RATE, WARM_UP = 8e-4, 100
DRAWN_SHARE = 0.1
INSIDE, OUTSIDE, FEATURES, ADVERSARIAL = 1.5, 1.0, 0.5, 0.04
ADVERSARIAL_FROM = 0.5  # of the minutes
AVERAGED = 0.995  # of the averaged weights stays at every step
SAVE_EVERY_S = 300
MAX_HOLE_RADIUS_PX = 32  # half of what the largest holes of its squares reach


class Networks(NamedTuple):
    """What is trained, and what judges it."""

    generator: Generator
    average: Generator
    discriminator: Discriminator
    features: Features


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="pictures with their LICENSES.txt")
    parser.add_argument("--features", type=Path, required=True, help="SqueezeNet 1.1 features")
    parser.add_argument("--start", type=Path, help="weights to begin with")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=40)
    arguments = parser.parse_args()
    pictures = [small(read_picture(one.path)) for one in split(find_pictures(arguments.folders))[0]]
    start = read_tensors(arguments.start) if arguments.start else None
    networks = make_networks(read_tensors(arguments.features), start)
    train(networks, pictures, arguments.minutes, arguments.out)


def small(picture: Picture) -> Picture:
    """Reduce a picture to LONGER_PX, so that all of them stay in memory."""
    scale = LONGER_PX / max(picture.shape[:2])
    if scale >= 1:
        return picture
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


def make_networks(features: Mapping[str, Tensor], start: Mapping[str, Tensor] | None) -> Networks:
    """Make everything that a run needs, on the CPU."""
    torch.manual_seed(0)
    generator = Generator(WIDTH, BLOCKS)
    if start is not None:
        generator.load_state_dict({name: tensor.float() for name, tensor in start.items()})
    in_mixed_precision(generator, CPU).to(memory_format=torch.channels_last)
    average = copy.deepcopy(generator).eval().requires_grad_(False)
    judge = Discriminator().to(memory_format=torch.channels_last)
    return Networks(generator, average, judge, Features(features).requires_grad_(False))


def train(networks: Networks, pictures: Sequence[Picture], minutes: float, out: Path) -> float:
    """Train until the minutes are over, writing the averaged weights now and then.

    Returns:
        Mean absolute difference in the hole of the last step.
    """
    generator = networks.generator
    ours = torch.optim.AdamW(generator.parameters(), RATE, betas=(0.9, 0.99), weight_decay=1e-4)
    theirs = torch.optim.AdamW(networks.discriminator.parameters(), RATE, betas=(0.5, 0.99))
    began = saved = time.monotonic()
    step, inside = 0, float("nan")
    rng = np.random.default_rng(0)
    while (progress := (time.monotonic() - began) / 60 / minutes) < 1:
        rate = RATE * min(1, (step + 1) / WARM_UP) * (1 - 0.95 * progress)
        for group in (*ours.param_groups, *theirs.param_groups):
            group["lr"] = rate
        truth, mask = make_batch(pictures, rng)
        losses = judge(networks, truth, mask, theirs if progress >= ADVERSARIAL_FROM else None)
        ours.zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()
        nn.utils.clip_grad_norm_(generator.parameters(), 1.0)
        ours.step()
        with torch.no_grad():
            # The first steps are averaged as they come: there is nothing before them.
            kept = min(AVERAGED, 1 - 1 / (step + 1))
            for mean, new in zip(
                networks.average.state_dict().values(), generator.state_dict().values(), strict=True
            ):
                if mean.is_floating_point():
                    mean.lerp_(new, 1 - kept)
                else:
                    mean.copy_(new)
        step += 1
        inside = float(losses["inside"].detach()) / INSIDE
        if step % 50 == 0:
            said = ", ".join(f"{name} {float(loss.detach()):.4f}" for name, loss in losses.items())
            print(f"{step} steps, {progress * minutes:.1f} minutes: {said}", flush=True)
        if time.monotonic() - saved > SAVE_EVERY_S:
            save(networks.average, out, step)
            saved = time.monotonic()
    save(networks.average, out, step)
    return inside


def make_batch(pictures: Sequence[Picture], rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Cut squares (N, 3, SIDE, SIDE) in [0, 1], draw holes (N, 1, SIDE, SIDE), 1 = missing."""
    squares = [cut_square(pictures, SIDE, rng, DRAWN_SHARE) for _ in range(BATCH)]
    holes = [draw_mask(SIDE, rng) for _ in squares]
    truth = torch.from_numpy(np.stack(squares)).permute(0, 3, 1, 2).float() / 255
    mask = torch.from_numpy(np.stack(holes)[:, None]).float()
    return truth.contiguous(memory_format=torch.channels_last), mask


def judge(
    networks: Networks, truth: Tensor, mask: Tensor, optimiser: torch.optim.Optimizer | None
) -> dict[str, Tensor]:
    """Fill a batch and say what it is blamed for; with an optimiser, the discriminator learns."""
    with in_half(CPU):
        fill = networks.generator(torch.cat([truth * (1 - mask), mask], dim=1)).float()
        composite = truth * (1 - mask) + fill * mask
        with torch.no_grad():
            wanted = networks.features(truth)
        found = networks.features(composite)
    losses = {
        "inside": INSIDE * difference(fill, truth, mask),
        "outside": OUTSIDE * difference(fill, truth, 1 - mask),
        "features": FEATURES * feature_distance(found, wanted).mean(),
    }
    if optimiser is not None:
        with in_half(CPU):
            real, filled = networks.discriminator(truth), networks.discriminator(composite.detach())
        optimiser.zero_grad(set_to_none=True)
        discriminator_loss(real, filled, mask).backward()
        optimiser.step()
        with in_half(CPU):
            judged = networks.discriminator(composite)
        losses["adversarial"] = ADVERSARIAL * adversarial_loss(judged, mask)
    return losses


def save(average: Generator, out: Path, steps: int) -> None:
    """Write weights that Lacuna loads like any others of the published way."""
    metadata = {
        "name": out.stem,
        "licence": "CC0-1.0",
        "input": "masked",
        "output": "picture",
        "trained_px": str(SIDE),
        "max_hole_radius_px": str(MAX_HOLE_RADIUS_PX),
        "steps": str(steps),
    }
    unfinished = out.with_suffix(".unfinished")
    unfinished.write_bytes(safetensors.torch.save(shipped(average.state_dict()), metadata))
    unfinished.replace(out)


if __name__ == "__main__":
    main()
