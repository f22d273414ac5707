"""Make weights that can ship of a run: `python -m training.pack RUN OUT [--say KEY=WORDS ...]`.

The averaged weights become float16 safetensors, with everything in their metadata that tells where
they come from. What comes out is loaded strictly before anything is replaced.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from benchmarks.cases import validation_names
from benchmarks.record import circumstances
from lacuna.network.checkpoints import COUNTER
from lacuna.network.tile_network import load_network
from lacuna.network.weights_info import read_info
from training.pictures import find_pictures, split
from training.state import behind_prefix, load_state
from training.trainer import BLOCKS, WIDTH

MAX_BYTES = 16 * 10**6
# Tiles are at most four times as large as what the network was trained on, and it was trained on
# squares of 128 to 256 px.
TRAINED_PX = 128
MAX_HOLE_RADIUS_PX = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--pictures", type=Path, nargs="+", required=True, help="trained on")
    parser.add_argument(
        "--strength", type=float, default=1, help="share of the corrections that ships, 0 to 1"
    )
    parser.add_argument("--say", nargs="*", default=[], help="more metadata, as KEY=WORDS")
    arguments = parser.parse_args()
    more = dict(words.split("=", 1) for words in arguments.say)
    metadata = {**describe(arguments.run, arguments.pictures), **more}
    pack(arguments.run, arguments.out, metadata, arguments.strength)
    print(f"{arguments.out}: {arguments.out.stat().st_size:,} bytes")


def pack(run: Path, out: Path, metadata: Mapping[str, str], strength: float = 1) -> None:
    """Write the averaged weights of a run as float16.

    Args:
        run: Its folder.
        out: The file.
        metadata: What it says of itself; the strength, if it is not 1, is added.
        strength: Share of the corrections that ships. They are `2 * sigmoid(z) - 1`, nearly
            linear while they are small, and `z` comes from the last convolution.

    Raises:
        Unprocessable: If the file cannot be used as weights; it is not left behind.
        ValueError: If it would be larger than MAX_BYTES.
    """
    tensors, _ = load_state(run / "state")
    average = behind_prefix("average.", tensors)
    if strength != 1:
        metadata = {**metadata, "strength": str(strength)}
        average = {**average, **{name: average[name] * strength for name in last_layer(average)}}
    data = safetensors.torch.save(shipped(average), dict(metadata))
    if len(data) > MAX_BYTES:
        raise ValueError(f"{len(data):,} bytes are more than the {MAX_BYTES:,} that ship")
    unfinished = out.with_suffix(".unfinished")
    unfinished.write_bytes(data)
    try:
        load_network(read_info(unfinished, out.stem, sha256=None), "cpu")
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)


def last_layer(tensors: Mapping[str, Tensor]) -> list[str]:
    """Name weight and bias of the convolution that gives the three channels of a fill."""
    (weight,) = (name for name, tensor in tensors.items() if tensor.dim() == 4 and len(tensor) == 3)
    return [weight, weight.removesuffix("weight") + "bias"]


def shipped(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Round to float16; the counters of training stay what they are."""
    return {
        name: (tensor if name.endswith(COUNTER) else tensor.to(torch.float16)).contiguous()
        for name, tensor in tensors.items()
    }


def describe(run: Path, folders: Sequence[Path]) -> dict[str, str]:
    """Say where the weights of a run come from."""
    state = json.loads((run / "state" / "state.json").read_text("utf-8"))
    pictures = split(find_pictures(folders))[0]
    licences = sorted({short_licence(source.licence) for source in pictures})
    return {
        "name": "lacuna-small",
        "architecture": f"LaMa FFC generator, width {WIDTH}, {BLOCKS} blocks",
        "licence": "CC0-1.0",
        "input": "guided",
        "output": "residual",
        "trained_px": str(TRAINED_PX),
        "max_hole_radius_px": str(MAX_HOLE_RADIUS_PX),
        "steps": str(state["step"]),
        "minutes": str(state["minutes"]),
        "device": state.get("device", "unknown"),
        "pictures": f"{len(pictures)} photographs, paintings, drawings and textures, and squares "
        f"drawn by code; licences: {', '.join(licences)}",
        "held_back": ", ".join(validation_names()),
        "engine": state["engine"],
        "commit": circumstances()["commit"],
    }


def short_licence(words: str) -> str:
    """Tell waived rights from lapsed ones."""
    waived = "cc0" in words.lower() or "creative commons zero" in words.lower()
    return "CC0-1.0" if waived else "public domain"


if __name__ == "__main__":
    main()
