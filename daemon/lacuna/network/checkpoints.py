"""Weights from files: three kinds are read as data, checked, and converted to safetensors.

safetensors, the published TorchScript module and Lightning's training state hold the same tensors
under the same names behind different prefixes. Every check is made before weights are installed
and again whenever they are loaded.
"""

import errno
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from lacuna_wire.errors import LacunaError, NoSpace

from .architectures import Architecture, Dimensions, Recognised, behind, in_words, recognise
from .archives import read_archive, read_tensors
from .catalogue import check_name, find_weights
from .headers import Shape, bad_weights, file_size, header_bytes, read_header
from .index import file_sha256, locked, write_installed
from .published import PUBLISHED
from .weights_info import WeightsInfo, check_metadata

FLOATS = (torch.float16, torch.bfloat16, torch.float32)
TYPES = {torch.float16: "F16", torch.bfloat16: "BF16", torch.float32: "F32", torch.int64: "I64"}
COUNTER = ".num_batches_tracked"  # of training; no fill depends on it

_ZIP = b"PK\x03\x04"


class Checkpoint(NamedTuple):
    """Checked tensors of one network under their plain names.

    Attributes:
        kind: What the file was: `safetensors`, `TorchScript` or `training state`.
        architecture: The kind of network.
        dimensions: Which of its kind.
        tensors: All tensors, finite, in the order of the network.
        metadata: What the file says about itself; empty for archives.
    """

    kind: str
    architecture: Architecture
    dimensions: dict[str, int]
    tensors: dict[str, Tensor]
    metadata: dict[str, str]


def read_checkpoint(path: Path) -> Checkpoint:
    """Read weights of any of the three kinds; the kind is told by content, not by suffix.

    The names stand behind exactly one of the prefixes of the architecture. Without a prefix there
    must be no other tensor; with one, the tensors that are not behind it (a discriminator, say) are
    left alone. All names of the network must be there, but for the counters of training: those are
    then 0.

    Raises:
        Unprocessable: If the file is not what it should be, with one reason; nothing in it is run.
    """
    file_size(path)
    with path.open("rb") as file:
        is_archive = file.read(4) == _ZIP
    return _read_archive(path) if is_archive else _read_safetensors(path)


def import_weights(path: Path, name: str, metadata: Mapping[str, str] | None = None) -> WeightsInfo:
    """Convert a file to safetensors and install it under `name`.

    Args:
        path: Weights of any kind that `read_checkpoint` reads.
        name: New name in the catalogue.
        metadata: Words about the weights; they replace what the file says about itself.

    Raises:
        Unprocessable: If the file is refused.
        Conflict: If the name is taken.
        NoSpace: If the folder of the weights is full.
    """
    check_name(name)
    checkpoint = read_checkpoint(path)
    words = {**_origin(path, checkpoint), **checkpoint.metadata, **(metadata or {})}
    check_metadata(path, words)
    try:
        with locked("index"):
            check_name(name)  # again: it may have been taken in the meantime
            write_installed(name, to_safetensors(checkpoint.tensors, words))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpace(f"There is no room for {name} on the disk.") from None
        raise LacunaError(
            f"{name} cannot be installed: {error.strerror}.", code="not_writable"
        ) from None
    return find_weights(name)


def to_safetensors(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """Return the file of these tensors, the same bytes every time.

    The library's own writer puts metadata into another order each time.

    Args:
        tensors: Floats of FLOATS, and counters of any type.
        metadata: Free text.
    """
    whole = {
        name: tensor.to(torch.int64) if name.endswith(COUNTER) else tensor
        for name, tensor in tensors.items()
    }
    # Wide numbers first: then each of them is aligned.
    order = sorted(whole, key=lambda name: (-whole[name].element_size(), name))
    types = {name: TYPES[whole[name].dtype] for name in order}
    shapes = {name: tuple(tensor.shape) for name, tensor in whole.items()}
    numbers = (whole[name].contiguous().flatten().view(torch.uint8).numpy() for name in order)
    return header_bytes(types, shapes, metadata) + b"".join(map(bytes, numbers))


def load_generator(path: Path) -> nn.Module:
    """Return the network of a file on the CPU: float32, as trained, for evaluation.

    Raises:
        Unprocessable: If the file is not what it should be.
    """
    checkpoint = read_checkpoint(path)
    generator = _empty(checkpoint.architecture, checkpoint.dimensions)
    tensors = {name: tensor.float() for name, tensor in checkpoint.tensors.items()}
    generator.load_state_dict(tensors, strict=True, assign=True)
    return generator.eval().requires_grad_(False)


def expected_shapes(architecture: Architecture, dimensions: Dimensions) -> dict[str, Shape]:
    """Return names and shapes of a network's tensors, without memory for any of them."""
    state = _empty(architecture, dimensions).state_dict()
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def _empty(architecture: Architecture, dimensions: Dimensions) -> nn.Module:
    with torch.device("meta"):  # no time for random numbers that are replaced at once
        return architecture.build(dimensions)


def _read_safetensors(path: Path) -> Checkpoint:
    header = read_header(path)
    recognised, expected = _check_shapes(path, header.shapes)
    try:
        loaded = safetensors.torch.load_file(path)
    except safetensors.SafetensorError as error:
        raise bad_weights(path, f"it is not valid safetensors ({error})") from None
    architecture, prefix, dimensions = recognised
    tensors = _check_values(path, behind(prefix, loaded), expected)
    return Checkpoint("safetensors", architecture, dimensions, tensors, header.metadata)


def _read_archive(path: Path) -> Checkpoint:
    archive = read_archive(path)
    shapes = {name: stored.shape for name, stored in archive.tensors.items()}
    recognised, expected = _check_shapes(path, shapes)
    architecture, prefix, dimensions = recognised
    names = [prefix + name for name in expected if prefix + name in shapes]
    tensors = _check_values(path, behind(prefix, read_tensors(path, archive, names)), expected)
    return Checkpoint(archive.kind, architecture, dimensions, tensors, {})


def _check_shapes(path: Path, shapes: Mapping[str, Shape]) -> tuple[Recognised, dict[str, Shape]]:
    """Recognise a network, and compare all names and shapes with those that it has to have."""
    recognised = recognise(path, shapes)
    own = behind(recognised.prefix, shapes)
    expected = expected_shapes(recognised.architecture, recognised.dimensions)
    missing = [n for n in expected if n not in own and not n.endswith(COUNTER)]
    if missing:
        raise bad_weights(path, f"{len(missing)} tensors are missing, the first is {missing[0]}")
    extra = sorted(own.keys() - expected.keys())
    if extra:
        raise bad_weights(
            path, f"{len(extra)} tensors do not belong there, one is {ascii(extra[0])[1:81]}"
        )
    for name, shape in own.items():
        if shape != expected[name]:
            raise bad_weights(path, f"{name} has the shape {shape} instead of {expected[name]}")
    return recognised, expected


def _check_values(
    path: Path, tensors: Mapping[str, Tensor], expected: Mapping[str, Shape]
) -> dict[str, Tensor]:
    """Return the tensors in the order of the network; all numbers must make sense."""
    for name, tensor in tensors.items():
        if tensor.dtype not in FLOATS and not name.endswith(COUNTER):
            raise bad_weights(
                path, f"{name} is {tensor.dtype}, and only float32, float16 and bfloat16 are read"
            )
        if not torch.isfinite(tensor).all():
            count = int((~torch.isfinite(tensor)).sum())
            raise bad_weights(path, f"{count:,} numbers of {name} are not finite")
        if name.endswith(".running_var") and (tensor < 0).any():
            raise bad_weights(path, f"{name} has a variance below 0")
    return {
        name: tensors.get(name, torch.zeros(shape, dtype=torch.int64))
        for name, shape in expected.items()
    }


def _origin(path: Path, checkpoint: Checkpoint) -> dict[str, str]:
    """Words for the metadata: where the weights come from, and their licence if it is known."""
    sha256 = file_sha256(path)
    words = {
        "architecture": f"{checkpoint.architecture.NAME}, {in_words(checkpoint.dimensions)}",
        "how": f"converted from {checkpoint.kind}, SHA-256 {sha256}",
    }
    for published in PUBLISHED.values():
        if published.sha256 == sha256:
            words |= {"licence": published.licence, "source": published.source}
    return words
