"""Weights by name: those that ship with the package and those that the user installed.

Reads heads and an index only, never torch, so the daemon's front can list what there is.
"""

import contextlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from lacuna_wire.errors import Conflict, LacunaError, Unprocessable

from .headers import bad_weights, read_header, width_and_blocks
from .index import NAME, file_sha256, installed_path, read_index
from .index import weights_folder as weights_folder

SHIPPED = "lacuna-small"
PREFERRED = "big-lama"  # the default as soon as it is installed

Role = Literal["corrects", "proposes"]

_PACKAGE = Path(__file__).parent / "weights"


class Published(NamedTuple):
    """Weights that others publish and Lacuna can fetch.

    Attributes:
        url: Where the file lies.
        md5: Digest that its publisher gives. Nobody can make another file for a given MD5; the
            file that Lacuna makes of it is recorded with its SHA-256.
        max_bytes: More is not downloaded.
        licence: Licence of the weights.
        source: Who made them, for the metadata.
    """

    url: str
    md5: str
    max_bytes: int
    licence: str
    source: str


PUBLISHED = {
    "big-lama": Published(
        url="https://github.com/Sanster/models/releases/download/add_big_lama/big-lama.pt",
        md5="e3aa4aaa15225a33ec84f9f4bc47e500",
        max_bytes=256 * 2**20,  # the file has about 200 MB
        licence="Apache-2.0",
        source="Suvorov et al., Resolution-robust Large Mask Inpainting with Fourier Convolutions",
    )
}


class WeightsInfo(NamedTuple):
    """What is known of weights before they are loaded.

    Attributes:
        name: Name in the catalogue; the stem of the file for a path.
        path: The safetensors file.
        width: Channels of the first layer.
        blocks: Residual blocks.
        input: `masked`: black under the mask; `guided`: a first fill under the mask.
        output: `picture`: the fill itself; `residual`: a correction of the guide.
        trained_px: Side of the pictures of the training.
        max_hole_radius_px: Largest distance from a missing pixel to a known one that is bridged.
        licence: Licence of the weights, or `unknown`.
        sha256: Digest of the file; for installed weights the one recorded when they came.
        size_bytes: Size of the file.
        metadata: Everything else the file says of itself.
    """

    name: str
    path: Path
    width: int
    blocks: int
    input: str
    output: str
    trained_px: int
    max_hole_radius_px: int
    licence: str
    sha256: str
    size_bytes: int
    metadata: dict[str, str]

    @property
    def role(self) -> Role:
        return "corrects" if self.input == "guided" else "proposes"


def weights_names() -> list[str]:
    """Return the names that `find_weights` knows, the default first."""
    names = [name for name in sorted(read_index()) if installed_path(name).is_file()]
    return sorted([SHIPPED, *names], key=lambda name: (name != PREFERRED, name != SHIPPED, name))


def default_name() -> str:
    """Return `big-lama` when it is installed, else `lacuna-small`."""
    return weights_names()[0]


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
            f"there are no weights named {ascii(name)[:66]}; there are {', '.join(names)}",
            code="unknown_weights",
        )
    if name == SHIPPED:
        return read_info(_PACKAGE / f"{SHIPPED}.safetensors", SHIPPED, sha256=None)
    return read_info(installed_path(name), name, read_index()[name])


def list_weights() -> list[WeightsInfo]:
    """Return all weights that can be read, the default first; `find_weights` says what is wrong."""
    found = []
    for name in weights_names():
        with contextlib.suppress(LacunaError):
            found.append(find_weights(name))
    return found


def read_info(path: Path, name: str, sha256: str | None) -> WeightsInfo:
    """Read what a safetensors file says of itself; a digest of None is computed.

    Raises:
        Unprocessable: If the file is not safetensors, no LaMa generator, or its metadata is wrong.
    """
    header = read_header(path)
    width, blocks = width_and_blocks(path, header.shapes)
    check_metadata(path, header.metadata)
    return WeightsInfo(
        name=name,
        path=path,
        width=width,
        blocks=blocks,
        input=header.metadata.get("input", "masked"),
        output=header.metadata.get("output", "picture"),
        trained_px=int(header.metadata.get("trained_px", "256")),
        max_hole_radius_px=int(header.metadata.get("max_hole_radius_px", "128")),
        licence=header.metadata.get("licence", "unknown"),
        sha256=sha256 or file_sha256(path),
        size_bytes=header.size_bytes,
        metadata=header.metadata,
    )


def check_metadata(path: Path, metadata: Mapping[str, str]) -> None:
    """Refuse metadata that steer the network and are not understood; the rest is free text.

    Raises:
        Unprocessable: If a word or a number is not one of those that are possible.
    """
    kind = (metadata.get("input", "masked"), metadata.get("output", "picture"))
    if kind not in (("masked", "picture"), ("guided", "picture"), ("guided", "residual")):
        raise bad_weights(
            path,
            f"input {ascii(kind[0])[:40]} with output {ascii(kind[1])[:40]} is not possible; "
            "input is masked or guided, output picture or, for guided input, residual",
        )
    for key in ("trained_px", "max_hole_radius_px"):
        value = metadata.get(key, "256")
        if not re.fullmatch(r"[1-9][0-9]{0,3}", value):
            raise bad_weights(path, f"{key} is {ascii(value)[:40]} and not a number of 1 to 9,999")


def check_sha256(info: WeightsInfo) -> None:
    """Compare the file with the digest that was recorded when it was installed.

    Raises:
        Unprocessable: If it has changed since: one flipped bit loads without any complaint.
    """
    found = file_sha256(info.path)
    if found != info.sha256:
        raise bad_weights(
            info.path,
            f"it has changed since it was installed (SHA-256 {found[:16]} instead of "
            f"{info.sha256[:16]}); install it again",
        )


def check_name(name: str) -> None:
    """Refuse names under which nothing can be installed.

    Raises:
        Unprocessable: If it is not a name that the protocol can carry.
        Conflict: If it is taken by weights in good order, or by those of the package.
    """
    if not NAME.fullmatch(name):
        raise Unprocessable(
            f"{ascii(name)[:66]} is not a name for weights; up to 64 of a-z, 0-9, '.', '_' and '-' "
            "are, beginning with a letter or a digit",
            code="bad_name",
        )
    if name == SHIPPED:
        raise Conflict(f"{SHIPPED} ships with Lacuna, choose another name", code="name_taken")
    if is_intact(name):
        raise Conflict(
            f"{name} is installed already; choose another name, or delete {installed_path(name)}",
            code="name_taken",
        )


def is_intact(name: str) -> bool:
    """Whether weights are installed under `name` and are what they were when they came."""
    try:
        check_sha256(find_weights(name))
    except LacunaError:
        return False
    return True
