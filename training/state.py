"""A run between its pieces: everything that goes on, in files small enough to travel.

What is saved is rounded (averaged weights to float16, the optimisers' moments to bfloat16), and the
run goes on from the rounded values itself: one that is interrupted and one that is not stay equal.
"""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

MAX_PART_BYTES = 15 * 2**20
MOMENTS = ("exp_avg", "exp_avg_sq")
Tensors = dict[str, Tensor]


def rounded(tensors: Mapping[str, Tensor]) -> Tensors:
    """Round as a state is kept: names begin with `average.` or end with a moment, or stay."""
    kept = {}
    for name, tensor in tensors.items():
        how = tensor.dtype
        if tensor.is_floating_point() and name.startswith("average."):
            how = torch.float16
        elif name.endswith(MOMENTS):
            how = torch.bfloat16
        kept[name] = tensor.detach().to("cpu", how, copy=True).contiguous()
    return kept


def save_state(folder: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write a state in parts of at most MAX_PART_BYTES; the one before stays until it is there.

    Args:
        folder: Is replaced as a whole.
        tensors: As `rounded` gives them.
        facts: What goes into `state.json`.
    """
    fresh, old = folder.with_name(f"{folder.name}.new"), folder.with_name(f"{folder.name}.old")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    parts: list[Tensors] = [{}]
    size = 0
    for name, tensor in tensors.items():
        if size + tensor.nbytes > MAX_PART_BYTES:
            parts.append({})
            size = 0
        # A view of a larger tensor would be saved with all of it.
        parts[-1][name] = tensor.clone()
        size += tensor.nbytes
    for number, part in enumerate(parts):
        torch.save(part, fresh / f"part-{number}.pt")
    words = json.dumps({**facts, "parts": len(parts)}, indent=1)
    (fresh / "state.json").write_text(words + "\n", "utf-8")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.replace(old)
    fresh.replace(folder)
    shutil.rmtree(old, ignore_errors=True)


def load_state(folder: Path) -> tuple[Tensors, dict[str, Any]]:
    """Read what `save_state` wrote: tensors and facts.

    Raises:
        FileNotFoundError: If there is none, or a part of it is missing.
    """
    old = folder.with_name(f"{folder.name}.old")
    if not folder.exists() and old.exists():  # ended between two renames
        os.replace(old, folder)
    facts: dict[str, Any] = json.loads((folder / "state.json").read_text("utf-8"))
    tensors: Tensors = {}
    for number in range(facts["parts"]):
        tensors |= torch.load(folder / f"part-{number}.pt", weights_only=True)
    return tensors, facts


def with_prefix(prefix: str, tensors: Mapping[str, Any]) -> Tensors:
    return {f"{prefix}{name}": tensor for name, tensor in tensors.items()}


def behind_prefix(prefix: str, tensors: Mapping[str, Tensor]) -> Tensors:
    """Tensors whose names begin with a prefix, without it."""
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> Tensors:
    """Flatten an optimiser's state: `NUMBER.FIELD`."""
    state = optimiser.state_dict()["state"]
    return {f"{n}.{field}": value for n, fields in state.items() for field, value in fields.items()}


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Undo `optimiser_tensors`, in float32 again; nothing is done if there is nothing."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        number, field = name.split(".")
        state.setdefault(int(number), {})[field] = tensor.float()
    if state:
        groups = optimiser.state_dict()["param_groups"]
        optimiser.load_state_dict({"state": state, "param_groups": groups})
