"""What a click was about: its fill may have to wait, and the user goes on meanwhile."""

from typing import Any, List, NamedTuple, Tuple

from krita import Krita

from lacuna_wire import LacunaError, sentences

from .translation import _


class Click(NamedTuple):
    """What was selected and active.

    Attributes:
        selection: A copy; None if nothing was selected.
        node_id: Of the active layer or mask; None if there was none.
        size: Width and height of the canvas.
    """

    selection: Any
    node_id: Any
    size: Tuple[int, int]


def take_click(document: Any) -> Click:
    """Look at a document at the moment of a click."""
    _check_open(document)
    selection, node = document.selection(), document.activeNode()
    return Click(
        None if selection is None else selection.duplicate(),
        None if node is None else node.uniqueId(),
        (document.width(), document.height()),
    )


def clicked_node(document: Any, click: Click) -> Any:
    """Return the layer or mask that was active at a click, or None if none was.

    Raises:
        LacunaError: If the document, the layer or the canvas is another one by now.
    """
    _check_open(document)
    if (document.width(), document.height()) != click.size:
        raise LacunaError(
            _(
                "The canvas was changed while the fill waited for its turn. Select again what you "
                "want to remove."
            )
        )
    if click.node_id is None:
        return None
    for node in nodes_below(document.rootNode()):
        if node.uniqueId() == click.node_id:
            return node
    raise LacunaError(_(sentences.LAYER_REMOVED))


def has_layers(document: Any, layer_ids: List[Any]) -> bool:
    """Tell whether all these layers are in an open document."""
    if document is None or not layer_ids:
        return False
    there = [node.uniqueId() for node in nodes_below(document.rootNode())]
    return all(layer_id in there for layer_id in layer_ids)


def nodes_below(node: Any) -> Any:
    """Yield every layer and mask below one; Krita 5.1 cannot look one up by its id."""
    for child in node.childNodes():
        yield child
        yield from nodes_below(child)


def _check_open(document: Any) -> None:
    # Compared, not trusted: calls on what was closed would end Krita.
    if not any(document == each for each in Krita.instance().documents()):
        raise LacunaError(_(sentences.IMAGE_CLOSED))
