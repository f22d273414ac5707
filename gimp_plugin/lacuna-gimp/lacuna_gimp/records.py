"""What fills know of themselves: their source and how they were made, in parasites of their layers.

A parasite survives renaming, saving and loading, and is copied with its layer. So a source is known
by a name that nobody sees, and, where the user has copied it, by GIMP's own number of the layer.
"""

import json
import uuid
import zlib
from base64 import b64decode, b64encode
from typing import Any, Dict, NamedTuple, Optional, Tuple

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp

from lacuna_wire import LacunaError, Options, Rect
from lacuna_wire.editor import EditorSettings
from lacuna_wire.errors import BadRequest

from .translation import _

SOURCE, FILL, SELECTION, BEFORE = (
    "lacuna-source", "lacuna-fill", "lacuna-selection", "lacuna-before",
)  # fmt: skip
# Undoable, or GIMP could not take back that it was attached.
_SAVED = Gimp.PARASITE_PERSISTENT | Gimp.PARASITE_UNDOABLE
_FOR_NOW = Gimp.PARASITE_UNDOABLE
# Of packed pixels: more would make the user's files large.
MAX_SAVED_BYTES = 16 << 20
# Of pixels: packing more would be felt.
MAX_BEFORE_BYTES = 32 << 20

LAYER, INTO, COPY = "layer", "into", "copy"  # what a fill is: a layer, in its source, in a copy


class FillRecord(NamedTuple):
    """What a fill knows of itself.

    Attributes:
        number: Of the fill in its picture, from 1.
        kind: `LAYER`, `INTO` or `COPY`.
        source: The secret name of its source; empty if all that was visible was read.
        tattoo: GIMP's number of the source.
        size: Width and height of the source.
        selected: Bounds of its selection, in pixels of the source.
        rect: Pixels of the source that it covers.
        seal: Checksum of its pixels: whether the user has painted on them.
        settings: What was chosen.
    """

    number: int
    kind: str
    source: str
    tattoo: int
    size: Tuple[int, int]
    selected: Rect
    rect: Rect
    seal: int
    settings: EditorSettings


def record_of(layer: Any) -> Optional[FillRecord]:
    """Return what a layer knows of the fill that it is or holds; None if it holds none."""
    data = _data(layer, FILL)
    if data is None:
        return None
    try:
        fields = json.loads(data)
        chosen = fields.pop("settings")
        options = Options.from_dict(chosen.pop("options"))
        return FillRecord(
            **{
                **fields,
                "size": tuple(fields["size"]),
                "selected": Rect(*fields["selected"]),
                "rect": Rect(*fields["rect"]),
                "settings": EditorSettings(options=options, **chosen),
            }
        )
    # Another version may have written it, or somebody else.
    except (ValueError, TypeError, KeyError, AttributeError, BadRequest):
        return None


def attach(layer: Any, record: FillRecord, mask: bytes, before: Optional[bytes] = None) -> None:
    """Let a layer know what fill it is or holds, with the selection that made it."""
    settings = record.settings
    fields: Dict[str, Any] = {
        **record._asdict(),
        "settings": {**settings._asdict(), "options": settings.options.as_dict()},
    }
    _attach(layer, FILL, json.dumps(fields).encode("utf-8"))
    _attach(layer, SELECTION, _packed(mask))
    if before is not None and len(before) <= MAX_BEFORE_BYTES:
        _attach(layer, BEFORE, _packed(before))
    elif layer.get_parasite(BEFORE) is not None:
        layer.detach_parasite(BEFORE)


def forget_fill(layer: Any) -> None:
    """Let a layer forget the fill that was taken out of it; it keeps its secret name."""
    for name in (FILL, SELECTION, BEFORE):
        if layer.get_parasite(name) is not None:
            layer.detach_parasite(name)


def forget(layer: Any) -> None:
    """Make a copy of a fill an ordinary layer."""
    forget_fill(layer)
    if layer.get_parasite(SOURCE) is not None:
        layer.detach_parasite(SOURCE)


def kept_mask(layer: Any, record: FillRecord) -> bytes:
    """Return the selection that made a fill: one byte per pixel of `record.selected`."""
    mask = _unpacked(layer, SELECTION)
    if mask is None or len(mask) != record.selected.area:
        raise LacunaError(
            _("“{}” no longer knows which selection it fills. Select it again.").format(
                layer.get_name()
            )
        )
    return mask


def kept_before(layer: Any) -> Optional[bytes]:
    """Return what was in a layer before its last fill, if that is still known."""
    return _unpacked(layer, BEFORE)


def name_of_source(layer: Any) -> str:
    """Return the secret name of a layer; empty if no fill of it was ever made."""
    data = _data(layer, SOURCE)
    return "" if data is None else data.decode("ascii", "replace")


def name_source(layer: Any) -> str:
    """Return the secret name of a layer, and give it one first if it has none."""
    name = name_of_source(layer)
    if not name:
        name = str(uuid.uuid4())
        _attach(layer, SOURCE, name.encode("ascii"))
    return name


def _data(layer: Any, name: str) -> Optional[bytes]:
    parasite = layer.get_parasite(name)
    return None if parasite is None else bytes(parasite.get_data())


def _packed(data: bytes) -> bytes:
    """Return it shorter, in letters: bytes above 127 cannot be handed to GIMP."""
    return b64encode(zlib.compress(data, 1))


def _unpacked(layer: Any, name: str) -> Optional[bytes]:
    data = _data(layer, name)
    try:
        return None if data is None else zlib.decompress(b64decode(data))
    except (zlib.error, ValueError):
        return None


def _attach(layer: Any, name: str, data: bytes) -> None:
    flags = _SAVED if len(data) <= MAX_SAVED_BYTES else _FOR_NOW
    layer.attach_parasite(Gimp.Parasite.new(name, flags, data))
