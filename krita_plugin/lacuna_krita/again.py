"""The source of a finished fill as it was before it, to fill the same place anew."""

from typing import Any

from lacuna_wire import LacunaError

from . import layers
from .colours import converter_back
from .document import KritaSource, shift_since, source_of
from .fill_layers import load_book, owner_of
from .layers import id_of, space_of
from .made import Made
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
    if layer is not None and made.kind == "layer":
        layer = owner_of(document, load_book(document), layer)
    if layer is None:
        raise LacunaError(
            _(
                "The last fill is no longer in the image, so there is nothing to replace. Select "
                "what you want to remove, and fill it."
            )
        )
    known, layer_id = made.source, id_of(layer)
    if made.kind != "layer":  # undo may have brought back one of the same kind
        offset = known.offsets[known.layer_id]
        known = known._replace(offsets={**known.offsets, layer_id: offset})
    left, top = shift_since(known._replace(layer_id=layer_id))
    selection = known.selection.duplicate()
    if left or top:
        selection.move(selection.x() + left, selection.y() + top)
    again = source_of(document, layer, known.visible, selection)
    return again._replace(
        fill_ids=tuple(each for each in again.fill_ids if each not in made.layer_ids),
        patch=[_in_space_of(layer, kept, known.space).shift(left, top) for kept in made.before],
    )


def _in_space_of(layer: Any, kept: Any, space: Any) -> Any:
    """Convert what was kept, if the layer was converted meanwhile."""
    convert = converter_back(space, space_of(layer))
    try:
        return kept._replace(pixels=bytes(convert(kept.pixels, kept.rect)))
    finally:
        convert.close()
