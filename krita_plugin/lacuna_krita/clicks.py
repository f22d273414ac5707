"""What a click was about: its fill may have to wait, and the user goes on meanwhile."""

from typing import Any, NamedTuple, Set, Tuple

from lacuna_wire import LacunaError, sentences

from . import layers
from .fill_layers import layer_in_place_of
from .translation import _


class Click(NamedTuple):
    """What was selected and active.

    Attributes:
        selection: A copy; None if nothing was selected.
        node_id: Of the active layer or mask; empty if there was none.
        size: Width and height of the canvas.
    """

    selection: Any
    node_id: str
    size: Tuple[int, int]


def take_click(document: Any) -> Click:
    """Look at a document at the moment of a click."""
    layers.check_open(document)
    selection, node = document.selection(), document.activeNode()
    return Click(
        None if selection is None else selection.duplicate(),
        "" if node is None else layers.id_of(node),
        (document.width(), document.height()),
    )


def clicked_node(document: Any, click: Click) -> Any:
    """Return the layer or mask that was active at a click, or None if none was.

    Raises:
        LacunaError: If the document, the layer or the canvas is another one by now.
    """
    layers.check_open(document)
    if (document.width(), document.height()) != click.size:
        raise LacunaError(
            _(
                "The canvas was changed while the fill waited for its turn. Select again what you "
                "want to remove."
            )
        )
    if click.node_id in ("", layers.id_of(document.rootNode())):
        return None
    node = layers.find_node(document, click.node_id)
    if node is None:
        node = layer_in_place_of(document, click.node_id)
    if node is None:
        raise LacunaError(_(sentences.LAYER_REMOVED))
    return node


def layers_there(document: Any) -> Set[str]:
    """Return the ids of all layers of an open document; none of no document."""
    if document is None:
        return set()
    return {layers.id_of(layer) for layer in layers.all_layers(document)}
