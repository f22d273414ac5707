"""The folder of installed weights: files, the digests they came with, and a lock for writers."""

import contextlib
import fcntl
import functools
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lacuna_wire.errors import Conflict, LacunaError
from lacuna_wire.options import WEIGHTS_NAME
from lacuna_wire.replacing import replaced

_SHA256 = re.compile(r"[0-9a-f]{64}")


def weights_folder() -> Path:
    """Return the folder of installed weights; it need not exist yet."""
    import platformdirs

    return Path(platformdirs.user_data_dir("lacuna", appauthor=False)) / "weights"


def installed_path(name: str) -> Path:
    """Return where weights of this name lie once they are installed."""
    return weights_folder() / f"{name}.safetensors"


def read_index() -> dict[str, str]:
    """Return the SHA-256 that was recorded for each installed name.

    Raises:
        LacunaError: If the index is damaged.
    """
    path = _index_path()
    try:
        index: Any = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError):
        index = None
    if not isinstance(index, dict) or not all(
        re.fullmatch(WEIGHTS_NAME, name) and isinstance(digest, str) and _SHA256.fullmatch(digest)
        for name, digest in index.items()
    ):
        raise LacunaError(
            f"{path} is damaged. Delete it and install the weights again.", code="bad_index"
        )
    return index


def write_installed(name: str, data: bytes) -> None:
    """Write `data` as the file of `name` and record its digest; the caller holds the lock.

    Raises:
        OSError: If the folder cannot be written; what was there before is still there.
    """
    index = {**read_index(), name: hashlib.sha256(data).hexdigest()}
    _write(installed_path(name), data)
    # The file first: a name in the index without its file would be a lie.
    _write(_index_path(), json.dumps(index, indent=2, sort_keys=True).encode())


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
        lock = (folder / f".{purpose}.lock").open("ab")
    except OSError as error:
        raise LacunaError(
            f"Lacuna cannot write to {folder}: {error.strerror}.", code="not_writable"
        ) from None
    with lock as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                f"Another program is busy in {folder} ({purpose}). Try again when it has finished.",
                code="busy",
            ) from None
        yield


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


def _write(path: Path, data: bytes) -> None:
    """Replace a file in one step that survives a power cut."""
    with replaced(path, 0o666) as file:
        file.write(data)
