"""Whose process is at the other end of a connection: on Linux the kernel knows it.

sock_diag(7), asked for one socket by its addresses; the tool `ss` asks the same way.
"""

import os
import socket
import struct
import sys
from typing import Optional, Tuple

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
NLM_F_REQUEST = 1
ALL_STATES = 0xFFFFFFFF
NO_COOKIE = 0xFFFFFFFF
UID_AT = 80  # in the answer: heads of 16 and 4 bytes, 48 of addresses, three numbers before it
ANSWER_S = 1.0


def is_own_peer(own: Tuple[str, int], peer: Tuple[str, int]) -> Optional[bool]:
    """Whether the other end of a connection on this computer belongs to the user of this process.

    Args:
        own: Address and port of our end.
        peer: Of the other end, which has been accepted by its process.

    Returns:
        None if nobody can tell: on other systems, and in sandboxes that hide it.
    """
    if sys.platform != "linux":
        return None
    try:
        return owner_of(peer, own) == os.geteuid()
    except (OSError, ValueError):
        return None


def owner_of(local: Tuple[str, int], remote: Tuple[str, int]) -> int:
    """Return the user of the TCP socket with these addresses, in this network namespace.

    Raises:
        OSError: If there is none, or the kernel does not say.
    """
    addresses = struct.pack(
        ">HH4s12x4s12x",
        local[1], remote[1], socket.inet_aton(local[0]), socket.inet_aton(remote[0]),
    )  # fmt: skip
    question = struct.pack("=BBBxI", socket.AF_INET, socket.IPPROTO_TCP, 0, ALL_STATES)
    question += addresses + struct.pack("=III", 0, NO_COOKIE, NO_COOKIE)
    head = struct.pack("=IHHII", 16 + len(question), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 1, 0)
    family = getattr(socket, "AF_NETLINK")  # noqa: B009 - the name exists on Linux only
    with socket.socket(family, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as kernel:
        kernel.settimeout(ANSWER_S)
        kernel.send(head + question)
        answer = kernel.recv(4096)
    kind = struct.unpack_from("=IH", answer)[1] if len(answer) >= 6 else 0
    if kind != SOCK_DIAG_BY_FAMILY or len(answer) < UID_AT + 4:
        raise OSError(f"no socket has the addresses {local} and {remote}")
    return int(struct.unpack_from("=I", answer, UID_AT)[0])
