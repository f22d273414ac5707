"""The source of a finished fill as it was before it, to fill the same place anew."""

from typing import Any, Tuple

from lacuna_wire import LacunaError, sentences

from . import layers
from .colours import converter_back
from .document import KritaSource, shift_since, source_of
from .fill_layers import load_book, owner_of
from .layers import id_of, space_of
from .made import Made
from .selections import moved_copy
from .translation import _


def source_again(made: Made) -> KritaSource:
    """Return the source of a finished fill as it was before that.

    What the user has done to the layers since then counts: a picture that was moved or cropped is
    filled where the selection lies in it by now.

    Raises:
        LacunaError: If its layers are gone, or the image was scaled.
    """
    document = made.source.document
    layers.check_open(document)
    layer = layers.find_node(document, made.layer_ids[-1]) if made.layer_ids else None
    if layer is None:
        raise LacunaError(_(sentences.FILL_GONE))
    if made.kind == "layer":
        layer = owner_of(document, load_book(document), layer)
    if layer is None:
        raise LacunaError(
            _(
                "The layer that was filled is no longer in the image, so it cannot be filled "
                "again. Choose another one, and select what you want to remove."
            )
        )
    known, layer_id = made.source, id_of(layer)
    if made.kind != "layer":  # undo may have brought back one of the same kind
        offset = known.offsets[known.layer_id]
        known = known._replace(offsets={**known.offsets, layer_id: offset})
    left, top = shift_since(known._replace(layer_id=layer_id))
    selection = moved_copy(known.selection, left, top)
    again = source_of(document, layer, known.visible, selection)
    return again._replace(
        fill_ids=tuple(each for each in again.fill_ids if each not in made.layer_ids),
        patch=[_in_space_of(layer, kept, known.space).shift(left, top) for kept in made.before],
    )


def destination_again(made: Made, destination: str) -> str:
    """Return where the next fill goes, if another one stands there now.

    A filled copy stays one if its original is gone, or if it has moved away from it: a new layer
    above the original would not look like the copy.
    """
    if made.kind != "copy" or destination == "into":
        return destination
    known, document = made.source, made.source.document
    copy = layers.find_node(document, made.layer_ids[-1])
    original = layers.find_node(document, made.hidden[0])
    if copy is None or original is None:
        return "copy"
    now = layers.offset_of(original), layers.offset_of(copy)
    then = known.offsets.get(made.hidden[0], (0, 0)), known.offsets[known.layer_id]
    return destination if _between(*now) == _between(*then) else "copy"


def _between(one: Tuple[int, int], other: Tuple[int, int]) -> Tuple[int, int]:
    return other[0] - one[0], other[1] - one[1]


def _in_space_of(layer: Any, kept: Any, space: Any) -> Any:
    """Convert what was kept, if the layer was converted meanwhile."""
    convert = converter_back(space, space_of(layer))
    try:
        return kept._replace(pixels=bytes(convert(kept.pixels, kept.rect)))
    finally:
        convert.close()
