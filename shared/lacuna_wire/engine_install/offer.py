"""What installing would do, said before the click: what is downloaded, and where it goes."""

import shutil
from pathlib import Path
from typing import NamedTuple, Optional

from ..cards import see_cards
from ..errors import LacunaError
from ..fitness import facts_of_this_computer, require_fit_computer
from ..torch_builds import Amount, TorchChoice, amount_of, choose_build, this_computer
from ..versions import version_key
from .places import (
    Engine,
    carried_wheel,
    engines_folder,
    installed_engine,
    is_somebody_at_work,
    version_of,
)
from .processes import require_own_user
from .pythons import Maker, find_maker


class InstallOffer(NamedTuple):
    """All that is decided before the click.

    Attributes:
        wheel: That came with the plug-in.
        maker: What makes the environment.
        build: Of PyTorch.
        amount: Of everything; no more than that for an update. Its `download` is 0 if nobody knows.
        folder: Into which it goes.
        before: The engine whose place it takes; None for the first one.
        slow: Whether the processor lacks AVX2.
    """

    wheel: Path
    maker: Maker
    build: TorchChoice
    amount: Amount
    folder: Path
    before: Optional[Engine]
    slow: bool

    @property
    def version(self) -> str:
        return version_of(self.wheel)


def is_update(wheel: Path, engine: Engine) -> bool:
    """Tell whether a wheel is newer than an engine."""
    return version_key(version_of(wheel)) > version_key(engine.version)


def make_offer(wheel: Optional[Path] = None) -> InstallOffer:
    """Look at the computer; nothing is written, and nobody is asked over the network.

    It starts programs to ask them, so it takes a second or more.

    Raises:
        LacunaError: If it cannot be done: `unfit_computer`, `no_python`, `install_no_room`,
            `install_busy`, `not_your_home`.
    """
    wheel = wheel or carried_wheel()
    assert wheel is not None, "an editor without a wheel offers nothing"
    facts, computer = facts_of_this_computer(), this_computer()
    require_fit_computer(facts)
    require_own_user()
    if is_somebody_at_work():
        raise busy()
    build = choose_build(see_cards(), computer)
    offer = InstallOffer(
        wheel,
        find_maker(),
        build,
        amount_of(build, computer),
        engines_folder(),
        installed_engine(),
        facts.avx2 is False,
    )
    require_room(offer)
    return offer


def require_room(offer: InstallOffer) -> None:
    """Refuse what would fill the disk: packages lie there packed and unpacked for a while.

    Raises:
        LacunaError: `install_no_room`.
    """
    needed = offer.amount.download + offer.amount.disk
    free = free_bytes(offer.folder)
    if free < needed and offer.before is None:
        raise no_room(offer.folder, needed)


def no_room(folder: Path, needed: int = 0) -> LacunaError:
    """Return the error for a disk that is full, or would be."""
    free = free_bytes(folder)
    if needed:
        return LacunaError(
            f"The Lacuna engine needs {needed:,} bytes in {folder}, and {free:,} are free. Delete "
            "what you no longer need there, then try again.",
            code="install_no_room",
            values={"needed_bytes": needed, "free_bytes": free, "folder": str(folder)},
        )
    return LacunaError(
        f"The disk of {folder} is full: {free:,} bytes are free. Delete what you no longer need "
        "there, then try again. Nothing was left behind.",
        code="install_no_room",
        values={"free_bytes": free, "folder": str(folder)},
    )


def busy() -> LacunaError:
    return LacunaError(
        "The Lacuna engine is being installed or removed just now, by another window or program. "
        "Try again when that is done.",
        code="install_busy",
    )


def free_bytes(folder: Path) -> int:
    """Return the room on the disk on which a folder is, or will be."""
    there = next((each for each in (folder, *folder.parents) if each.is_dir()), folder)
    try:
        return shutil.disk_usage(str(there)).free
    except OSError:
        return 0


def not_written(folder: Path, error: OSError) -> LacunaError:
    """Return the error for what the system refuses to write."""
    if error.errno == 28 or getattr(error, "winerror", None) == 112:
        return no_room(folder)
    path = str(error.filename or folder)
    return LacunaError(
        f"{path} cannot be written: {error.strerror}.",
        code="not_writable",
        values={"path": path, "reason": str(error.strerror)},
    )
