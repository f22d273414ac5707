"""One step after the other: networks, optimisers and averages of a run."""

import copy
import math
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

import training.state as states
from lacuna.network.architectures.lama.ffc import FourierUnit
from lacuna.network.architectures.lama.generator import Generator
from lacuna.network.device import choose_precision
from training.losses import (
    LEAST_DISTANCE,
    Discriminator,
    Features,
    Weights,
    adversarial_loss,
    difference,
    discriminator_loss,
    feature_distance,
    inside_loss,
    share_of_guide,
    stamp_loss,
)
from training.pool import Batch, Pool, make_batch

WIDTH, BLOCKS = 32, 6  # of lacuna-small
MOST_GRADIENT = 1.0  # norm; an odd batch must not throw the run off its way


class Settings(NamedTuple):
    """What a run is, from its first step to its last.

    Attributes:
        seed: Decides everything but what the device rounds.
        steps: Planned; the learning rate falls until then.
        batch: Squares of a step at the largest side; smaller ones come in larger numbers.
        sides: In pixels, taken in turns.
        rate: Learning rate at its highest.
        warm_up: Steps until then.
        adversarial_from: Share of the steps after which the discriminator begins; 1: never.
        averaged_over: Steps that the averaged weights look back, more or less.
        frozen_norms: Whether batch norms keep the statistics that they begin with, so that even a
            single square is normalised as it will be in use. Not for random weights.
        weights: Of the losses.
    """

    seed: int = 0
    steps: int = 20_000
    batch: int = 4
    sides: tuple[int, ...] = (128, 192, 256)
    rate: float = 4e-4
    warm_up: int = 200
    adversarial_from: float = 0.6
    averaged_over: int = 1000
    frozen_norms: bool = False
    weights: Weights = Weights()


class Trainer:
    """A run on a device.

    Args:
        settings: Of the run.
        features: Weights of SqueezeNet.
        start: Weights to begin with; None for random ones.
        device: CPU or one GPU.
        compiled: Whether the generator is compiled: slow to start, faster on a GPU.
    """

    def __init__(
        self,
        settings: Settings,
        features: Mapping[str, Tensor],
        start: Mapping[str, Tensor] | None,
        device: torch.device,
        compiled: bool = False,
    ) -> None:
        self.settings = settings
        self.device = device
        self.step = 0
        self.minutes = 0.0  # of training in all pieces
        torch.manual_seed(settings.seed)
        generator = Generator(WIDTH, BLOCKS)
        if start is not None:
            generator.load_state_dict({name: tensor.float() for name, tensor in start.items()})
        last = {"memory_format": torch.channels_last}
        self.generator = in_mixed_precision(generator, device).to(device, **last)
        self.average = copy.deepcopy(generator).eval().requires_grad_(False)
        in_mixed_precision(self.average, device)
        self.discriminator = Discriminator().to(device, **last)
        self.features = Features(features).to(device).requires_grad_(False)
        self.optimiser = torch.optim.AdamW(
            self.generator.parameters(), settings.rate, betas=(0.9, 0.99), weight_decay=1e-4
        )
        self.discriminator_optimiser = torch.optim.AdamW(
            self.discriminator.parameters(), settings.rate, betas=(0.5, 0.99), weight_decay=0
        )
        self.forward: nn.Module = torch.compile(self.generator) if compiled else self.generator

    def fill(self, guide: Tensor, mask: Tensor, network: nn.Module | None = None) -> Tensor:
        """Correct a guide: float32 (N, 3, H, W), by the averaged weights unless told otherwise."""
        with in_half(self.device):
            proposed: Tensor = (self.average if network is None else network)(
                torch.cat([guide, mask], dim=1)
            )
        return guide + 2 * proposed - 1

    def batch(self, pool: Pool) -> Batch:
        """Make the batch of the step that comes next."""
        settings = self.settings
        side = settings.sides[self.step % len(settings.sides)]
        count = settings.batch * max(settings.sides) ** 2 // side**2
        return make_batch(pool, self.fill, count, side, (settings.seed, self.step))

    def train(self, batch: Batch) -> dict[str, Tensor]:
        """Take one step; what comes back are the losses, still on the device."""
        settings, (truth, guide, mask) = self.settings, batch
        progress = self.step / settings.steps
        rate = settings.rate * min(1, (self.step + 1) / settings.warm_up)
        rate *= 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1, progress)))
        for group in (*self.optimiser.param_groups, *self.discriminator_optimiser.param_groups):
            group["lr"] = rate
        self.generator.train()
        if settings.frozen_norms:
            for module in self.generator.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        fill = self.fill(guide, mask, self.forward)
        composite = truth * (1 - mask) + fill * mask
        with in_half(self.device):
            with torch.no_grad():
                wanted, shown = self.features(truth), self.features(guide)
            found = self.features(composite)
        ours, theirs = feature_distance(found, wanted), feature_distance(shown, wanted)
        losses = {
            "inside": inside_loss(fill, guide, truth, mask, settings.weights.harm),
            "outside": difference(fill, truth, 1 - mask),
            "stamp": stamp_loss(fill, guide, truth, mask),
            "features": share_of_guide(ours, theirs, LEAST_DISTANCE, settings.weights.harm),
        }
        if progress >= settings.adversarial_from:
            losses["discriminator"] = self._train_discriminator(truth, composite.detach(), mask)
            with in_half(self.device):
                judged = self.discriminator(composite)
            losses["adversarial"] = adversarial_loss(judged, mask)
        blamed = [
            getattr(settings.weights, name) * loss
            for name, loss in losses.items()
            if name != "discriminator"
        ]
        self.optimiser.zero_grad(set_to_none=True)
        torch.stack(blamed).sum().backward()
        nn.utils.clip_grad_norm_(self.generator.parameters(), MOST_GRADIENT)
        self.optimiser.step()
        self._update_average()
        self.step += 1
        return {name: loss.detach() for name, loss in losses.items()}

    def _train_discriminator(self, truth: Tensor, composite: Tensor, mask: Tensor) -> Tensor:
        with in_half(self.device):
            real, judged = self.discriminator(truth), self.discriminator(composite)
        loss = discriminator_loss(real, judged, mask)
        self.discriminator_optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.discriminator_optimiser.step()
        return loss

    @torch.no_grad()
    def _update_average(self) -> None:
        share = max(1 / self.settings.averaged_over, 1 / (self.step + 2))
        ours, theirs = self.average.state_dict(), self.generator.state_dict()
        for name, tensor in ours.items():
            if tensor.is_floating_point():
                tensor.lerp_(theirs[name], share)
            else:
                tensor.copy_(theirs[name])

    def tensors(self) -> dict[str, Tensor]:
        """Everything that goes on, under one name each."""
        return {
            **states.with_prefix("generator.", self.generator.state_dict()),
            **states.with_prefix("average.", self.average.state_dict()),
            **states.with_prefix("discriminator.", self.discriminator.state_dict()),
            **states.with_prefix("moments.", states.optimiser_tensors(self.optimiser)),
            **states.with_prefix("other.", states.optimiser_tensors(self.discriminator_optimiser)),
        }

    def restore(self, tensors: Mapping[str, Tensor], step: int) -> None:
        """Go on from what `tensors` gave, rounded or not."""
        self.step = step
        for name in ("generator", "average", "discriminator"):
            getattr(self, name).load_state_dict(states.behind_prefix(f"{name}.", tensors))
        states.restore_optimiser(self.optimiser, states.behind_prefix("moments.", tensors))
        others = states.behind_prefix("other.", tensors)
        states.restore_optimiser(self.discriminator_optimiser, others)

    def save(self, folder: Path, facts: Mapping[str, Any]) -> None:
        """Write the state, rounded, and go on from there."""
        kept = states.rounded(self.tensors())
        states.save_state(folder, kept, {**facts, "step": self.step})
        self.restore(kept, self.step)


def in_half(device: torch.device) -> AbstractContextManager[Any]:
    """Compute in bfloat16 where that loses nothing, if the device has it: else it takes longer."""
    native = choose_precision(device) == torch.bfloat16
    return torch.autocast(device.type, torch.bfloat16, enabled=native)


def in_mixed_precision(generator: Generator, device: torch.device) -> Generator:
    """Keep the Fourier layers out of autocast: their FFT is float32, and so is what is around."""
    for module in generator.modules():
        if isinstance(module, FourierUnit):
            plain = FourierUnit.forward.__get__(module)
            module.forward = torch.autocast(device.type, enabled=False)(plain)  # type: ignore[method-assign]
    return generator
