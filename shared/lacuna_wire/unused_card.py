"""A graphics card that is there and not used: why the daemon says so, told once by a program."""

from .errors import LacunaError

TOLD = "told.json"  # in the state folder: which reason each program has told last


def reason_in(device: str) -> str:
    """Return why fills run on the processor though a card is there; empty if that is not so.

    Args:
        device: As the status of the daemon names it.

    >>> reason_in("CPU, 4 threads, because PyTorch 2.13.0 does not use the Intel Arc A770")
    'PyTorch 2.13.0 does not use the Intel Arc A770'
    >>> reason_in("CPU, 4 threads"), reason_in("Arc (xpu:1), because the first one has failed")
    ('', '')
    """
    where, _because, reason = device.partition(", because ")
    return reason if where.startswith("CPU") else ""


def is_news(program: str, reason: str) -> bool:
    """Whether a program has not told its user of this reason yet; asked again, it has.

    What cannot be remembered is no news: it would come with every fill.

    Args:
        program: Each tells it once, for its users may know no other.
        reason: From `reason_in`; an empty one is none.
    """
    if not reason:
        return False
    # Not for those who want the name of the file alone: `lacuna --help` is among them.
    from .endpoint import state_folder
    from .private_files import read_private, write_private

    try:
        told = read_private(state_folder() / TOLD) or {}
        if told.get(program) == reason:
            return False
        write_private(state_folder() / TOLD, {**told, program: reason})
    except (LacunaError, OSError):
        return False
    return True
