"""What a weights file says about itself, read before it is loaded: a header, and never torch."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from lacuna.network_facts import Role

from .architectures import Architecture, recognise
from .difference import Difference
from .headers import bad_weights, read_header
from .index import file_sha256


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
