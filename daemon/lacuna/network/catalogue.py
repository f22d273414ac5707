"""Weights by name: those that ship with the package and those that the user installed.

Reads headers and an index only, never torch, so the daemon's front can list what there is.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from lacuna.network_facts import Role
from lacuna_wire.errors import Conflict, LacunaError, Unprocessable
from lacuna_wire.options import WEIGHTS_NAME

from .architectures import Architecture, recognise
from .difference import Difference
from .headers import bad_weights, read_header
from .index import (
    change_default,
    change_installed,
    file_sha256,
    installed_path,
    read_index,
)
from .index import weights_folder as weights_folder

SHIPPED = "lacuna-small"
PREFERRED = "big-lama"  # the default as soon as it is installed, unless the user says otherwise

# "Naming Files, Paths, and Namespaces", learn.microsoft.com. Refused everywhere: weights travel.
_DEVICE_NAME = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")
_PACKAGE = Path(__file__).parent / "weights"


class WeightsInfo(NamedTuple):
    """What is known about weights before they are loaded.

    Attributes:
        name: Name in the catalogue; the stem of the file for a path.
        path: The safetensors file.
        architecture: The kind of network.
        dimensions: What makes it different from others of its kind: width, blocks, ...
        input: `masked`: black under the mask; `guided`: a completion under the mask.
        output: `picture`: the fill itself; `residual`: a correction of the completion.
        trained_px: Side of the pictures of the training.
        max_hole_radius_px: Largest distance from a missing pixel to a known one that is bridged.
        usable_px: Side of the largest tile that it is shown.
        licence: Licence of the weights, or `unknown`.
        sha256: Digest of the file; for installed weights the one recorded when they came.
        size_bytes: Size of the file.
        metadata: Everything that the file says about itself.
        bfloat16: By device, how fills in bfloat16 differ from those in float32.
    """

    name: str
    path: Path
    architecture: Architecture
    dimensions: dict[str, int]
    input: str
    output: str
    trained_px: int
    max_hole_radius_px: int
    usable_px: int
    licence: str
    sha256: str
    size_bytes: int
    metadata: dict[str, str]
    bfloat16: Mapping[str, Difference] = MappingProxyType({})

    @property
    def padding(self) -> str:
        """How a tile is mirrored up to the sides that the network takes, in NumPy's words.

        `symmetric`, which repeats the pixels at the edge, is how published weights are used by
        their authors. `lacuna-small` was measured with `reflect`, which does not.
        """
        return "reflect" if self.input == "guided" else "symmetric"

    @property
    def role(self) -> Role:
        """`corrects`: wants a completion under the mask; `proposes`: fills what is black there."""
        return "corrects" if self.input == "guided" else "proposes"


def weights_names() -> list[str]:
    """Return the names that `find_weights` knows, the default first."""
    index = read_index()
    names = [SHIPPED, *(name for name in index.weights if installed_path(name).is_file())]
    first = (index.default, PREFERRED, SHIPPED)
    return sorted(names, key=lambda name: (*(name != other for other in first), name))


def default_name() -> str:
    """Return the user's choice, else `big-lama` when it is installed, else `lacuna-small`."""
    return weights_names()[0]


def choose_default(name: str) -> WeightsInfo:
    """Have fills made with these weights from now on, wherever nothing else is asked for.

    Raises:
        LacunaError: As `find_weights`, or if the folder of the weights cannot be written.
    """
    info = find_weights(name)
    if name != SHIPPED:
        _require_imported(name)
    change_default(name)
    return info


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
    find_weights(name)
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
        name_or_path: A name of the catalogue; empty for the default. A `Path`, or text with a
            slash in it, is a safetensors file. Names come over the wire and have no slash, so no
            client can name a file.

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
            f"There are no weights named {ascii(name)[:66]}. Installed are {', '.join(names)}.",
            code="unknown_weights",
            values={"name": name[:64], "installed": ", ".join(names)},
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
    """Tell what weights do with a hole; arguments and errors as those of `find_weights`."""
    if (name_or_path or default_name()) == SHIPPED:
        return "corrects"  # without the digest of its file
    return find_weights(name_or_path).role


def read_info(path: Path, name: str, sha256: str | None) -> WeightsInfo:
    """Read what a safetensors file says about itself; a digest of None is computed.

    Raises:
        Unprocessable: If the file is not safetensors, holds no network that is known, or its
            metadata is wrong.
    """
    header = read_header(path)
    architecture, _prefix, dimensions = recognise(path, header.shapes)
    check_metadata(path, header.metadata)
    trained_px = int(header.metadata.get("trained_px", architecture.TRAINED_PX))
    return WeightsInfo(
        name=name,
        path=path,
        architecture=architecture,
        dimensions=dimensions,
        input=header.metadata.get("input", "masked"),
        output=header.metadata.get("output", "picture"),
        trained_px=trained_px,
        max_hole_radius_px=int(
            header.metadata.get("max_hole_radius_px", architecture.MAX_HOLE_RADIUS_PX)
        ),
        usable_px=architecture.USABLE_PER_TRAINED * trained_px,
        licence=header.metadata.get("licence", "unknown"),
        sha256=sha256 or file_sha256(path),
        size_bytes=header.size_bytes,
        metadata=header.metadata,
    )


def check_metadata(path: Path, metadata: Mapping[str, str]) -> None:
    """Refuse metadata that steer the network but make no sense; the rest is free text.

    Raises:
        Unprocessable: If a word or a number is not one of those that are possible.
    """
    kind = (metadata.get("input", "masked"), metadata.get("output", "picture"))
    if kind not in (("masked", "picture"), ("guided", "picture"), ("guided", "residual")):
        raise bad_weights(
            path,
            f"input {ascii(kind[0])[:40]} with output {ascii(kind[1])[:40]} is not possible; input "
            "is masked or guided, and output is picture or, with guided input, residual",
        )
    for key in ("trained_px", "max_hole_radius_px"):
        if not re.fullmatch(r"[1-9][0-9]{0,3}", value := metadata.get(key, "1")):
            raise bad_weights(path, f"{key} is {ascii(value)[:40]}, not a number from 1 to 9,999")


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
    if name == SHIPPED:
        raise Conflict(f"{SHIPPED} ships with Lacuna. Choose another name.", code="name_taken")
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
