"""A zip whose entries are not compressed, read without believing what it says of itself.

Its directory is measured before it is parsed, and no byte of the file belongs to two entries. So
what is read is never more than what is there, however often the directory names it.
"""

import bisect
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .headers import bad_weights, file_size

MAX_DIRECTORY_BYTES = 2 * 2**20  # a training state of big-lama has 4,000 entries: 0.4 MB
PIECE_BYTES = 2**20
# The local header of an entry, up to its name: PKWARE's APPNOTE.TXT, section 4.3.7.
_LOCAL_BYTES, _NAME_LENGTH, _EXTRA_LENGTH = 30, slice(26, 28), slice(28, 30)
_DAMAGED = (
    zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError, NotImplementedError,
)  # fmt: skip


class StoredZip:
    """The entries of an open zip.

    Args:
        path: Where it lies, for errors.
        file: The same, open.
        archive: The same, its directory read.
    """

    def __init__(self, path: Path, file: io.BufferedReader, archive: zipfile.ZipFile) -> None:
        self._path = path
        self._file = file
        self._archive = archive
        starts = (entry.header_offset for entry in archive.infolist())
        self._starts = [*sorted(starts), archive.start_dir]

    def names(self) -> list[str]:
        return self._archive.namelist()

    def read(self, name: str, most: int) -> bytearray:
        """Read one entry.

        Raises:
            Unprocessable: If it is missing, damaged, compressed, longer than `most` bytes, or
                shares bytes with another entry.
        """
        try:
            entry = self._archive.getinfo(name)
        except KeyError:
            raise bad_weights(self._path, f"its entry {name} is missing") from None
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            raise self._bad(name, "is compressed, which PyTorch never does")
        if entry.file_size > most:
            raise self._bad(name, f"has {entry.file_size:,} bytes instead of at most {most:,}")
        try:
            beyond = self._end(entry) - self._next_start(entry)
            if beyond > 0:
                raise self._bad(name, f"shares {beyond:,} bytes with what follows it")
            return self._content(entry)
        except _DAMAGED:
            raise self._bad(name, "is damaged") from None

    def _content(self, entry: zipfile.ZipInfo) -> bytearray:
        content, at = bytearray(entry.file_size), 0
        with self._archive.open(entry) as stream:
            while piece := stream.read(PIECE_BYTES):  # to the end, where its checksum is compared
                content[at : at + len(piece)] = piece
                at += len(piece)
        if at != entry.file_size:
            raise EOFError
        return content

    def _end(self, entry: zipfile.ZipInfo) -> int:
        """Return where an entry ends; its own header decides, and not the directory."""
        self._file.seek(entry.header_offset)
        header = self._file.read(_LOCAL_BYTES)
        lengths = (header[_NAME_LENGTH], header[_EXTRA_LENGTH])
        before = sum(int.from_bytes(length, "little") for length in lengths)
        return entry.header_offset + _LOCAL_BYTES + before + entry.compress_size

    def _next_start(self, entry: zipfile.ZipInfo) -> int:
        # Two entries in one place follow each other there, and neither has room.
        return self._starts[bisect.bisect_left(self._starts, entry.header_offset) + 1]

    def _bad(self, name: str, reason: str) -> Exception:
        return bad_weights(self._path, f"its entry {name} {reason}")


@contextmanager
def open_zip(path: Path) -> Iterator[StoredZip]:
    """Open a zip for the length of a block.

    Raises:
        Unprocessable: If it is damaged, or its directory is larger than any that PyTorch writes.
    """
    file_size(path)
    with path.open("rb", buffering=0) as raw, _Measured(raw) as file:
        try:
            archive = zipfile.ZipFile(file)
        except _TooMuch as error:
            raise bad_weights(
                path,
                f"its zip directory has {error.args[0]:,} bytes, and at most "
                f"{MAX_DIRECTORY_BYTES:,} are read",
            ) from None
        except _DAMAGED:
            raise bad_weights(
                path, "its zip directory is damaged; the file may be incomplete"
            ) from None
        with archive:
            yield StoredZip(path, file, archive)


class _TooMuch(Exception):
    """More bytes are asked for at once than a directory may have; the number is the argument."""


class _Measured(io.BufferedReader):
    """A file that gives at most as many bytes at once as a directory may have.

    The library's own reader asks for the directory in one piece: whatever it takes for the
    directory, this is what it gets.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            data = super().read(MAX_DIRECTORY_BYTES + 1)
            size = len(data)
        else:
            data = super().read(min(size, MAX_DIRECTORY_BYTES))
        if size > MAX_DIRECTORY_BYTES:
            raise _TooMuch(size)
        return data
