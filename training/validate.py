"""How good a state is on squares of the validation set, and what its fills look like."""

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from training.losses import feature_distance
from training.pool import Pool
from training.trainer import Trainer

AT_ONCE = 4
SHOWN = 12  # squares on the sheet, evenly taken
SHOWN_PX = 256

# Kinds of holes by what they cover, as `completions.COVERS` draws them.
FIRST_MOST = 0.06
SECOND_MOST = 0.12


@torch.inference_mode()
def validate(trainer: Trainer, held: Pool) -> dict[str, dict[str, float]]:
    """PSNR in the hole in dB and feature distance of the square: of the guide, of the fill."""
    rows: dict[str, list[tuple[float, float, float, float]]] = {}
    for first in range(0, len(held.squares), AT_ONCE):
        truth, guide, mask = split(torch.stack(held.squares[first : first + AT_ONCE]))
        fill = composite(trainer, truth, guide, mask)
        for i in range(len(truth)):
            one = slice(i, i + 1)
            figures = [
                figure
                for shown in (guide[one], fill[one])
                for figure in (
                    psnr(shown, truth[one], mask[one]),
                    distance(trainer, shown, truth[one]),
                )
            ]
            rows.setdefault(kind(float(mask[one].mean())), []).append(tuple(figures))
    names = ("guide_psnr", "guide_distance", "psnr", "distance")
    means = {name: np.mean(found, axis=0) for name, found in sorted(rows.items())}
    return {
        name: {key: round(float(value), 4) for key, value in zip(names, mean, strict=True)}
        for name, mean in means.items()
    }


def kind(cover: float) -> str:
    if cover < FIRST_MOST:
        return "thin"
    return "middle" if cover < SECOND_MOST else "large"


def split(squares: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Truth, guide and mask as floats, of uint8 (N, side, side, 7)."""
    planes = squares.permute(0, 3, 1, 2).float()
    return planes[:, :3] / 255, planes[:, 3:6] / 255, planes[:, 6:]


def composite(trainer: Trainer, truth: Tensor, guide: Tensor, mask: Tensor) -> Tensor:
    """What the averaged weights make of a guide, laid into the truth."""
    return truth * (1 - mask) + trainer.fill(guide, mask).clamp(0, 1) * mask


def psnr(shown: Tensor, truth: Tensor, mask: Tensor) -> float:
    error = ((shown - truth).square() * mask).sum() / (3 * mask.sum()).clamp(min=1)
    return float(-10 * torch.log10(error + 1e-9))


def distance(trainer: Trainer, shown: Tensor, truth: Tensor) -> float:
    found, wanted = trainer.features(shown), trainer.features(truth)
    return float(feature_distance(found, wanted))


@torch.inference_mode()
def contact_sheet(trainer: Trainer, held: Pool, path: Path) -> None:
    """Show squares with their holes, guides, fills and truths side by side, two to a row."""
    chosen = np.linspace(0, len(held.squares) - 1, SHOWN).astype(int)
    strips = []
    for number in chosen:
        truth, guide, mask = split(held.squares[number][None])
        fill = composite(trainer, truth, guide, mask)
        shown = torch.cat([truth * (1 - mask) + mask, guide, fill, truth], dim=3)[0]
        pixels = (shown.permute(1, 2, 0).cpu().numpy() * 255).round().astype(np.uint8)
        size = (4 * SHOWN_PX, SHOWN_PX)
        strips.append(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
    pairs = [np.hstack(strips[i : i + 2]) for i in range(0, len(strips) - 1, 2)]
    cv2.imwrite(str(path), np.vstack(pairs)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])
