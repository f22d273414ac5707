"""Room on a disk, taken before it is written to: a full one must be an error and no signal."""

import os
import struct
import sys

ZEROS = bytes(1 << 20)
# fcntl(2) of macOS; Python has no names for them. F_ALLOCATEALL, F_PEOFPOSMODE.
_F_PREALLOCATE, _ALL, _FROM_END = 42, 4, 3


def make_room(descriptor: int, length: int) -> None:
    """Make a new, empty file `length` bytes long, with blocks of the disk for all of them.

    A file that is merely made longer has none: it is a hole, and a page of it that is touched in
    a memory map while the disk is full ends the process. Linux has a call that takes blocks, macOS
    another one. Elsewhere zeros are written: NTFS takes clusters for those.

    Raises:
        OSError: If there is no room.
    """
    if not length:
        return
    if sys.platform == "linux":
        os.posix_fallocate(descriptor, 0, length)
    elif sys.platform == "darwin":
        import fcntl

        wanted = struct.pack("@Iiqqq", _ALL, _FROM_END, 0, length, 0)  # struct fstore
        fcntl.fcntl(descriptor, _F_PREALLOCATE, wanted)
        os.ftruncate(descriptor, length)
    else:
        for start in range(0, length, len(ZEROS)):
            left = memoryview(ZEROS)[: length - start]
            while left:
                left = left[os.write(descriptor, left) :]
