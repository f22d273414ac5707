"""Tensors of the zip archives that PyTorch writes: TorchScript modules and training states.

Both kinds keep one pickle of structure and one uncompressed entry per run of numbers. The code
that a TorchScript archive carries is never opened.
"""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .headers import bad_weights, file_size
from .pickles import MAX_PICKLE_BYTES, Inert, StoredNumbers, StoredTensor, read_pickle
from .stored_zip import StoredZip, open_zip

MAX_MODULES = 100_000  # big-lama has about 700
MAX_DEPTH = 32  # modules inside modules; big-lama has 9


class Archive(NamedTuple):
    """The tensors that an archive names, not read yet.

    Attributes:
        kind: `TorchScript` or `training state`.
        root: Folder inside the zip that holds everything.
        tensors: Where to find each tensor, by its full name.
    """

    kind: str
    root: str
    tensors: dict[str, StoredTensor]


def read_archive(path: Path) -> Archive:
    """Name the tensors of an archive; only its pickle of structure is read.

    Raises:
        Unprocessable: If the zip is damaged, compressed, of the other byte order, or holds neither
            a TorchScript module nor a training state.
    """
    with open_zip(path) as archive:
        names = [name for name in archive.names() if name.count("/") == 1]
        roots = [name.partition("/")[0] for name in names if name.endswith("/data.pkl")]
        if len(roots) != 1:
            raise bad_weights(path, "it is a zip, but not one that PyTorch wrote")
        root = roots[0]
        if f"{root}/byteorder" in names:
            order = archive.read(f"{root}/byteorder", 16)
            if order != b"little":
                raise bad_weights(path, "its numbers are not little endian")
        content = read_pickle(path, bytes(archive.read(f"{root}/data.pkl", MAX_PICKLE_BYTES)))
    if isinstance(content, Inert):
        return Archive("TorchScript", root, _module_tensors(path, content))
    if isinstance(content, dict):
        state = content.get("state_dict", content)
        if isinstance(state, dict):
            return Archive("training state", root, _state_tensors(state))
    raise bad_weights(path, "it holds neither a TorchScript module nor a state_dict")


def read_tensors(path: Path, archive: Archive, names: Iterable[str]) -> dict[str, Tensor]:
    """Read the tensors `names` of an archive into memory of their own.

    Raises:
        Unprocessable: If the numbers of a tensor are missing, cut, or less than its shape needs.
    """
    wanted = {name: archive.tensors[name] for name in names}
    _check_claims(path, wanted)
    by_storage: dict[StoredNumbers, list[str]] = {}
    for name, stored in wanted.items():
        by_storage.setdefault(stored.storage, []).append(name)
    tensors: dict[str, Tensor] = {}
    with open_zip(path) as file:
        for storage, users in by_storage.items():  # one at a time: what is copied out is let go
            numbers = _read_numbers(path, file, archive.root, storage)
            for name in users:
                _, offset, shape, strides = wanted[name]
                view = numbers.as_strided(shape, strides, offset)
                tensors[name] = view.clone(memory_format=torch.contiguous_format)
    return tensors


def _check_claims(path: Path, wanted: dict[str, StoredTensor]) -> None:
    """Refuse to make room for more numbers than the file can hold, whatever claims them."""
    size = file_size(path)
    total = 0
    storages: dict[str, StoredNumbers] = {}
    for name, (storage, offset, shape, strides) in wanted.items():
        total += math.prod(shape) * _item(storage).itemsize
        last = offset + sum((side - 1) * step for side, step in zip(shape, strides, strict=True))
        if 0 not in shape and last >= storage.length:
            raise bad_weights(path, f"{name} reaches beyond its {storage.length:,} numbers")
        if storages.setdefault(storage.entry, storage) != storage:
            raise bad_weights(path, f"its entry {storage.entry} is claimed as two kinds of numbers")
    if total > size:
        raise bad_weights(path, f"its tensors claim {total:,} bytes, but the file has {size:,}")
    stored = sum(one.length * _item(one).itemsize for one in storages.values())
    if stored > size:
        raise bad_weights(path, f"its entries claim {stored:,} bytes, but the file has {size:,}")


def _read_numbers(path: Path, file: StoredZip, root: str, storage: StoredNumbers) -> Tensor:
    item = _item(storage)
    expected = storage.length * item.itemsize
    data = file.read(f"{root}/data/{storage.entry}", expected)
    if len(data) != expected:
        raise bad_weights(
            path, f"its entry {storage.entry} has {len(data):,} bytes instead of {expected:,}"
        )
    return torch.frombuffer(data, dtype=item) if data else torch.empty(0, dtype=item)


def _item(storage: StoredNumbers) -> torch.dtype:
    item = getattr(torch, storage.item)
    assert isinstance(item, torch.dtype)
    return item


def _state_tensors(state: dict[Any, Any]) -> dict[str, StoredTensor]:
    return {
        name: value
        for name, value in state.items()
        if isinstance(name, str) and isinstance(value, StoredTensor)
    }


def _module_tensors(path: Path, root: Inert) -> dict[str, StoredTensor]:
    """Walk modules inside modules; the names on the way, joined by dots, are a tensor's name."""
    tensors = {}
    waiting = [("", root)]
    seen = 0
    while waiting:
        prefix, module = waiting.pop()
        seen += 1
        # Also the end of modules that contain themselves.
        if seen > MAX_MODULES or prefix.count(".") > MAX_DEPTH:
            raise bad_weights(
                path, f"it has more than {MAX_MODULES:,} modules or {MAX_DEPTH} levels"
            )
        for name, value in module.state.items() if isinstance(module.state, dict) else ():
            if isinstance(value, StoredTensor):
                tensors[f"{prefix}{name}"] = value
            elif isinstance(value, Inert):
                waiting.append((f"{prefix}{name}.", value))
    return tensors
