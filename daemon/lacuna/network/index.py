"""The folder of installed weights: files, what is recorded of them, and a lock for writers."""

import contextlib
import functools
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from lacuna.system.locks import try_lock
from lacuna_wire.errors import Conflict, LacunaError
from lacuna_wire.options import WEIGHTS_NAME
from lacuna_wire.replacing import replaced

from .difference import Difference, read_differences

_SHA256 = re.compile(r"[0-9a-f]{64}")


def weights_folder() -> Path:
    """Return the folder of installed weights; it need not exist yet."""
    import platformdirs

    return Path(platformdirs.user_data_dir("lacuna", appauthor=False)) / "weights"


def installed_path(name: str) -> Path:
    """Return where weights of this name lie once they are installed."""
    return weights_folder() / f"{name}.safetensors"


class Installed(NamedTuple):
    """What is recorded of installed weights.

    Attributes:
        sha256: Digest that the file had when it came.
        bridges_px: What the user has set in the place of `WeightsInfo.max_hole_radius_px`; 0: none.
        usable_px: The same of `WeightsInfo.usable_px`.
        bfloat16: Of each device on which that was compared.
    """

    sha256: str
    bridges_px: int = 0
    usable_px: int = 0
    bfloat16: Mapping[str, Difference] = MappingProxyType({})


class Index(NamedTuple):
    """What is recorded of the whole folder.

    Attributes:
        weights: By name.
        default: The weights that the user wants fills to be made with; empty: Lacuna chooses.
    """

    weights: dict[str, Installed]
    default: str = ""


def read_index() -> Index:
    """Return what is recorded; the first form of the index had nothing but digests.

    Raises:
        LacunaError: If the index is damaged.
    """
    path = _index_path()
    try:
        data: Any = json.loads(path.read_bytes())
        if isinstance(data.get("weights"), dict):
            default, entries = data.get("default", ""), data["weights"]
        else:
            default, entries = "", {name: {"sha256": digest} for name, digest in data.items()}
        weights = {name: _installed(name, entry) for name, entry in entries.items()}
        if not isinstance(default, str):
            raise TypeError("default")
    except FileNotFoundError:
        return Index({})
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise LacunaError(
            f"{path} is damaged. Delete it and install the weights again.", code="bad_index"
        ) from None
    return Index(weights, default)


def write_installed(name: str, data: bytes) -> None:
    """Write `data` as the file of `name` and record its digest; the caller holds the lock.

    Raises:
        OSError: If the folder cannot be written; what was there before is still there.
    """
    index = read_index()
    _write(installed_path(name), data)
    # The file first: a name in the index without its file would be a lie.
    _write_index(_with(index, name, Installed(hashlib.sha256(data).hexdigest())))


def change_installed(name: str, **changes: Any) -> None:
    """Change what is recorded of installed weights; the file stays as it is.

    Raises:
        KeyError: If there are none of this name.
        Conflict: If another process installs weights just now.
        LacunaError: If the folder cannot be written.
    """
    with locked("index"):
        index = read_index()
        _write_index(_with(index, name, index.weights[name]._replace(**changes)))


def change_default(name: str) -> None:
    """Record with which weights fills are made; empty to leave it to Lacuna.

    Raises:
        Conflict: If another process installs weights just now.
        LacunaError: If the folder cannot be written.
    """
    with locked("index"):
        _write_index(read_index()._replace(default=name))


def record_difference(name: str, device: str, difference: Difference) -> None:
    """Record how fills of installed weights differ on a device.

    Raises:
        LacunaError: As `change_installed`.
    """
    known = read_index().weights[name].bfloat16
    change_installed(name, bfloat16={**known, device: difference})


def _installed(name: str, entry: Any) -> Installed:
    """Read an entry of the index; keys of a newer Lacuna are left alone."""
    known = {key: entry[key] for key in Installed._fields if key in entry}
    installed = Installed(**{**known, "bfloat16": read_differences(known.get("bfloat16", {}))})
    numbers = (installed.bridges_px, installed.usable_px)
    if not re.fullmatch(WEIGHTS_NAME, name) or not _SHA256.fullmatch(installed.sha256):
        raise ValueError(name)
    if any(type(number) is not int or number < 0 for number in numbers):
        raise ValueError(name)
    return installed


def _with(index: Index, name: str, installed: Installed) -> Index:
    return index._replace(weights={**index.weights, name: installed})


@contextlib.contextmanager
def locked(purpose: str) -> Iterator[None]:
    """Hold a lock on the folder; the kernel frees it when the process ends, however it ends.

    Args:
        purpose: What is done under it, one word, part of the file's name.

    Raises:
        Conflict: If another process does the same.
        LacunaError: If the folder cannot be written.
    """
    folder = weights_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = try_lock(folder / f".{purpose}.lock")
    except OSError as error:
        raise LacunaError(
            f"Lacuna cannot write to {folder}: {error.strerror}.", code="not_writable"
        ) from None
    if lock is None:
        raise Conflict(
            f"Another program is busy in {folder} ({purpose}). Try again when it has finished.",
            code="busy",
        )
    try:
        yield
    finally:
        os.close(lock)


def file_sha256(path: Path) -> str:
    """Return the digest of a file; computed once as long as the file does not change."""
    status = path.stat()
    return _sha256(path, status.st_mtime_ns, status.st_size, status.st_ino)


@functools.lru_cache(maxsize=32)
def _sha256(path: Path, *_identity: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _index_path() -> Path:
    return weights_folder() / "index.json"


def _write_index(index: Index) -> None:
    entries = {
        name: {
            **entry._asdict(),
            "bfloat16": {device: one._asdict() for device, one in entry.bfloat16.items()},
        }
        for name, entry in index.weights.items()
    }
    data = {"default": index.default, "weights": entries}
    _write(_index_path(), json.dumps(data, indent=2, sort_keys=True).encode())


def _write(path: Path, data: bytes) -> None:
    """Replace a file in one step that survives a power cut."""
    with replaced(path, 0o666) as file:
        file.write(data)
