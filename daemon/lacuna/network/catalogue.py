"""What fills by name: patches alone, the weights of the package and those that the user installed.

Reads headers and an index only, never torch, so the daemon's front can list what there is.
"""

import os
import re
from pathlib import Path

from lacuna.network_facts import Role
from lacuna_wire.errors import Conflict, LacunaError, Unprocessable
from lacuna_wire.options import WEIGHTS_NAME

from .headers import bad_weights
from .index import (
    change_default,
    change_installed,
    file_sha256,
    installed_path,
    read_index,
)
from .index import weights_folder as weights_folder
from .weights_info import WeightsInfo, read_info

PATCHES = "patches"  # known pixels alone, without any network
SHIPPED = "lacuna-small"
PREFERRED = "big-lama"  # the default as soon as it is installed, unless the user says otherwise

# "Naming Files, Paths, and Namespaces", learn.microsoft.com. Refused everywhere: weights travel.
_DEVICE_NAME = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")
_PACKAGE = Path(__file__).parent / "weights"


def choices() -> list[str]:
    """Return what a fill may be made with, the default first: PATCHES and names of weights."""
    index = read_index()
    installed = [name for name in index.weights if installed_path(name).is_file()]
    first = (index.default, PREFERRED, PATCHES, SHIPPED)
    names = {PATCHES, SHIPPED, *installed}
    return sorted(names, key=lambda name: (*(name != other for other in first), name))


def weights_names() -> list[str]:
    """Return the names that `find_weights` knows, those that are preferred first."""
    return [name for name in choices() if name != PATCHES]


def default_name() -> str:
    """Return the user's choice, else `big-lama` when it is installed, else PATCHES."""
    return choices()[0]


def is_patches(name: str | Path) -> bool:
    """Tell whether a fill that asks for this, or for nothing, is made of patches alone."""
    return (name or default_name()) == PATCHES


def check_choice(name: str) -> None:
    """Refuse what no fill can be made with; empty stands for the default.

    Raises:
        LacunaError: As `find_weights`.
    """
    if not is_patches(name):
        find_weights(name)


def choose_default(name: str) -> None:
    """Have fills made with this from now on, wherever nothing else is asked for.

    Args:
        name: PATCHES, or of weights.

    Raises:
        LacunaError: As `find_weights`, or if the folder of the weights cannot be written.
    """
    check_choice(name)
    if name not in (PATCHES, SHIPPED):
        _require_imported(name)
    change_default(name)


def set_limits(
    name: str, bridges_px: int | None = None, usable_px: int | None = None
) -> WeightsInfo:
    """Set what imported weights can do in the place of what is assumed of them.

    Args:
        name: Of imported weights.
        bridges_px: For `WeightsInfo.max_hole_radius_px`; 0 for what is assumed, None to leave it.
        usable_px: The same for `WeightsInfo.usable_px`.

    Raises:
        Unprocessable: If the weights ship with Lacuna: what they can do was measured.
        LacunaError: As `find_weights`, or if the folder of the weights cannot be written.
    """
    check_choice(name)
    _require_imported(name)
    changes = {"bridges_px": bridges_px, "usable_px": usable_px}
    change_installed(name, **{key: px for key, px in changes.items() if px is not None})
    return find_weights(name)


def _require_imported(name: str) -> None:
    if name not in read_index().weights:
        raise Unprocessable(
            f"{ascii(name)[1:-1][:64]} has not been imported, so nothing can be set for it. Import "
            "it with `lacuna weights import FILE`; `lacuna weights list` shows what is there.",
            code="not_imported",
        )


def find_weights(name_or_path: str | Path = "") -> WeightsInfo:
    """Look up weights.

    Args:
        name_or_path: A name of the catalogue; empty for the weights that are preferred. A `Path`,
            or text with a slash in it, is a safetensors file. Names come over the wire and have no
            slash, so no client can name a file.

    Raises:
        LacunaError: `unknown_weights` if there are none of this name, with the names there are.
        Unprocessable: If the file is not weights.
    """
    if isinstance(name_or_path, Path) or "/" in name_or_path or os.sep in name_or_path:
        path = Path(name_or_path)
        return read_info(path, path.stem, sha256=None)
    names = weights_names()
    name = name_or_path or names[0]
    if name not in names:
        raise Unprocessable(
            f"There are no weights named {ascii(name)[:66]}. Installed are {', '.join(choices())}.",
            code="unknown_weights",
            values={"name": name[:64], "installed": ", ".join(choices())},
        )
    if name == SHIPPED:
        return read_info(_PACKAGE / f"{SHIPPED}.safetensors", SHIPPED, sha256=None)
    installed = read_index().weights[name]
    info = read_info(installed_path(name), name, installed.sha256)
    return info._replace(
        max_hole_radius_px=installed.bridges_px or info.max_hole_radius_px,
        usable_px=installed.usable_px or info.usable_px,
        bfloat16=installed.bfloat16,
    )


def is_shipped(info: WeightsInfo) -> bool:
    """Tell whether weights are those of the package."""
    return info.path.parent == _PACKAGE


def is_imported(info: WeightsInfo) -> bool:
    """Tell whether weights are in the catalogue under their name, and no file that was named."""
    return info.path == installed_path(info.name)


def role_of(name_or_path: str | Path = "") -> Role:
    """Tell what a choice does with a hole: patches alone plan as a network does that corrects them.

    Raises:
        LacunaError: As `find_weights`.
    """
    if (name_or_path or default_name()) in (PATCHES, SHIPPED):
        return "corrects"  # without the digest of a file
    return find_weights(name_or_path).role


def check_sha256(info: WeightsInfo) -> None:
    """Compare the file with the digest that was recorded when it was installed.

    Raises:
        Unprocessable: If it has changed since: one flipped bit loads without any complaint.
    """
    found = file_sha256(info.path)
    if found != info.sha256:
        raise bad_weights(
            info.path,
            f"it has changed since it was installed (its SHA-256 is {found[:16]} instead of "
            f"{info.sha256[:16]}); install it again",
        )


def check_name(name: str) -> None:
    """Refuse names under which nothing can be installed.

    Raises:
        Unprocessable: If it is not a name that the protocol can carry.
        Conflict: If intact weights have it, or those of the package.
    """
    if not re.fullmatch(WEIGHTS_NAME, name):
        raise Unprocessable(
            f"{ascii(name)[:66]} cannot be a name of weights. Use up to 64 of a-z, 0-9, '.', '_' "
            "and '-', beginning with a letter or a digit.",
            code="bad_name",
        )
    if _DEVICE_NAME.fullmatch(name):  # whatever follows the first dot, and in every folder
        raise Unprocessable(
            f"{name} is what Windows calls a device, and no file there. Choose another name.",
            code="bad_name",
        )
    if name in (PATCHES, SHIPPED):
        raise Conflict(f"{name} comes with Lacuna. Choose another name.", code="name_taken")
    if is_intact(name):
        raise Conflict(
            f"{name} is already installed. Choose another name, or delete {installed_path(name)}.",
            code="name_taken",
        )


def is_intact(name: str) -> bool:
    """Tell whether weights are installed under `name` and are what they were when they came."""
    try:
        check_sha256(find_weights(name))
    except LacunaError:
        return False
    return True
