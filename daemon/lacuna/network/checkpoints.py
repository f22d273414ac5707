"""Weights from files: three kinds are read as data, checked, and converted to safetensors.

safetensors, the published TorchScript module and Lightning's training state hold the same tensors
under the same names behind different prefixes. Every check is made before weights are installed
and again whenever they are loaded.
"""

import errno
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from lacuna_wire.errors import LacunaError, NoSpace

from .archives import read_archive, read_tensors
from .catalogue import PUBLISHED, WeightsInfo, check_metadata, check_name, find_weights
from .headers import FIRST_LAYER, Shape, bad_weights, file_size, read_header, width_and_blocks
from .index import file_sha256, locked, write_installed
from .lama.generator import Generator

# What the names of the generator may stand behind; everything outside the prefix is ignored.
PREFIXES = ("", "generator.", "model.generator.")
FLOATS = (torch.float16, torch.bfloat16, torch.float32)
COUNTER = ".num_batches_tracked"  # of training; no fill depends on it

_ZIP = b"PK\x03\x04"

T = TypeVar("T")


class Checkpoint(NamedTuple):
    """Checked tensors of one LaMa generator under their plain names.

    Attributes:
        kind: What the file was: `safetensors`, `TorchScript` or `training state`.
        width: Channels of the first layer.
        blocks: Residual blocks.
        tensors: All tensors, finite, in the order of the network.
        metadata: What the file says of itself; empty for archives.
    """

    kind: str
    width: int
    blocks: int
    tensors: dict[str, Tensor]
    metadata: dict[str, str]


def read_checkpoint(path: Path) -> Checkpoint:
    """Read weights of any of the three kinds; the kind is told by content, not by suffix.

    The names stand behind exactly one of `PREFIXES`. Without a prefix there must be no other
    tensor; behind a prefix other tensors of the file (a discriminator, say) are left alone. All
    names of the network must be there, but for the counters of training, which are 0 then.

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
        metadata: Words about the weights; they replace what the file says of itself.

    Raises:
        Unprocessable: If the file is refused.
        Conflict: If the name is taken.
        NoSpace: If the folder of the weights is full.
    """
    check_name(name)
    checkpoint = read_checkpoint(path)
    words = {**_origin(path, checkpoint), **checkpoint.metadata, **(metadata or {}), "name": name}
    check_metadata(path, words)
    try:
        with locked("index"):
            check_name(name)  # again: it may have been taken in the meantime
            write_installed(name, safetensors.torch.save(checkpoint.tensors, words))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpace(f"there is no room for {name} on the disk") from None
        raise LacunaError(
            f"{name} cannot be installed: {error.strerror}", code="not_writable"
        ) from None
    return find_weights(name)


def expected_shapes(width: int, blocks: int) -> dict[str, Shape]:
    """Return names and shapes of a generator's tensors, without memory for any of them."""
    with torch.device("meta"):
        return {name: tuple(t.shape) for name, t in Generator(width, blocks).state_dict().items()}


def _read_safetensors(path: Path) -> Checkpoint:
    header = read_header(path)
    prefix = _prefix(path, header.shapes)
    width, blocks = _check_shapes(path, _behind(prefix, header.shapes))
    try:
        loaded = safetensors.torch.load_file(path)
    except safetensors.SafetensorError as error:
        raise bad_weights(path, f"it is not valid safetensors ({error})") from None
    tensors = _check_values(path, _behind(prefix, loaded), expected_shapes(width, blocks))
    return Checkpoint("safetensors", width, blocks, tensors, header.metadata)


def _read_archive(path: Path) -> Checkpoint:
    archive = read_archive(path)
    shapes = {name: stored.shape for name, stored in archive.tensors.items()}
    prefix = _prefix(path, shapes)
    width, blocks = _check_shapes(path, _behind(prefix, shapes))
    expected = expected_shapes(width, blocks)
    names = [prefix + name for name in expected if prefix + name in shapes]
    tensors = _check_values(path, _behind(prefix, read_tensors(path, archive, names)), expected)
    return Checkpoint(archive.kind, width, blocks, tensors, {})


def _prefix(path: Path, names: Iterable[str]) -> str:
    found = [prefix for prefix in PREFIXES if prefix + FIRST_LAYER in names]
    if len(found) != 1:
        raise bad_weights(path, f"it holds {len(found) or 'no'} LaMa generators instead of one")
    return found[0]


def _behind(prefix: str, named: Mapping[str, T]) -> dict[str, T]:
    return {
        name.removeprefix(prefix): value for name, value in named.items() if name.startswith(prefix)
    }


def _check_shapes(path: Path, shapes: Mapping[str, Shape]) -> tuple[int, int]:
    """Compare all names and shapes with the network of that width and number of blocks."""
    width, blocks = width_and_blocks(path, shapes)
    expected = expected_shapes(width, blocks)
    missing = [n for n in expected if n not in shapes and not n.endswith(COUNTER)]
    if missing:
        raise bad_weights(path, f"{len(missing)} tensors are missing, the first is {missing[0]}")
    extra = sorted(shapes.keys() - expected.keys())
    if extra:
        raise bad_weights(
            path, f"{len(extra)} tensors do not belong there, one is {ascii(extra[0])[1:81]}"
        )
    for name, shape in shapes.items():
        if shape != expected[name]:
            raise bad_weights(path, f"{name} has the shape {shape} instead of {expected[name]}")
    return width, blocks


def _check_values(
    path: Path, tensors: Mapping[str, Tensor], expected: Mapping[str, Shape]
) -> dict[str, Tensor]:
    """Return the tensors in the order of the network; all numbers must make sense."""
    for name, tensor in tensors.items():
        if tensor.dtype not in FLOATS and not name.endswith(COUNTER):
            raise bad_weights(
                path, f"{name} is {tensor.dtype}; float32, float16 and bfloat16 are read"
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
    words = {
        "architecture": f"LaMa generator, width {checkpoint.width}, {checkpoint.blocks} blocks",
        "how": f"converted from {checkpoint.kind} {path.name}, SHA-256 {file_sha256(path)}",
    }
    if checkpoint.kind == "TorchScript":
        with path.open("rb") as file:
            md5 = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        for published in PUBLISHED.values():
            if published.md5 == md5:
                words |= {"licence": published.licence, "source": published.source}
    return words
