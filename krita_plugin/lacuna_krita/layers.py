"""What every file here needs of Krita's layers: to find them, and to read them.

No layer is held from one call to the next: it would keep the image alive after its document is
closed, and Krita crashes over an image without a document. So layers are known by their ids, which
are texts, and which are saved with the image.
"""

from typing import Any, Iterator, Optional, Tuple

from krita import Krita

from lacuna_wire import LacunaError, Rect, sentences
from lacuna_wire.numbers import whole

from .colours import Space
from .translation import _

MASKS = ("transparencymask", "filtermask", "transformmask", "selectionmask", "colorizemask")


def check_open(document: Any) -> None:
    """Raise `LacunaError` if the user has closed a document."""
    # Compared, not trusted: calls on what was closed would end Krita.
    if not any(document == each for each in Krita.instance().documents()):
        raise LacunaError(_(sentences.IMAGE_CLOSED))


def walk(node: Any) -> Iterator[Any]:
    """Yield every node below one, from the bottom to the top; a group comes before its content."""
    for child in node.childNodes():
        yield child
        yield from walk(child)


def all_layers(document: Any) -> Iterator[Any]:
    """Yield every layer of a document, from the bottom to the top, but no mask."""
    return (node for node in walk(document.rootNode()) if node.type() not in MASKS)


def id_of(node: Any) -> str:
    return str(node.uniqueId().toString())


def find_node(document: Any, node_id: str) -> Optional[Any]:
    """Return the layer or mask with this id, or None; Krita 5.1 cannot look one up."""
    for node in walk(document.rootNode()):
        if id_of(node) == node_id:
            return node
    return None


def layer_of(node: Any) -> Any:
    """Return a layer itself, and of a mask the layer that has it; the root if none has it."""
    while node is not None and node.type() in MASKS:
        node = node.parentNode()
    return node


def is_root(document: Any, node: Any) -> bool:
    return id_of(node) == id_of(document.rootNode())


def is_shown(document: Any, layer: Any) -> bool:
    """Tell whether a layer and all groups around it are visible."""
    while layer is not None and not is_root(document, layer):
        if not layer.visible():
            return False
        layer = layer.parentNode()
    return True


def canvas_of(document: Any) -> Rect:
    return Rect(0, 0, document.width(), document.height())


def bounds_of(place: Any) -> Rect:
    """Return the bounds of a layer; they may lie outside of the canvas."""
    return Rect(*place.bounds().getRect())


def offset_of(node: Any) -> Tuple[int, int]:
    """Return how far a layer was moved, to the right and down; only paint layers know it."""
    position = node.position()
    return position.x(), position.y()


def selection_bounds(selection: Optional[Any]) -> Rect:
    """Return the bounds of a selection; empty if nothing is selected."""
    if selection is None or selection.width() <= 0 or selection.height() <= 0:
        return Rect(0, 0, 0, 0)
    return Rect(selection.x(), selection.y(), selection.width(), selection.height())


def space_of(place: Any) -> Space:
    """Return the colour space of a layer or a document."""
    return Space(place.colorModel(), place.colorDepth(), place.colorProfile())


def read_layer(layer: Any, space: Space, rect: Rect) -> Any:
    """Read a layer as a QByteArray; transparent where there is nothing."""
    if layer.type() == "paintlayer":
        return check_size(layer.pixelData(*rect), space, rect)
    # It has no pixels of its own, or those of a mask.
    return check_size(layer.projectionPixelData(*rect), space, rect)


def check_size(pixels: Any, space: Space, rect: Rect) -> Any:
    """Return pixels that Krita has read, or raise `LacunaError` if it has read something else."""
    expected = rect.area * space.pixel_bytes
    if pixels.size() != expected:
        raise LacunaError(
            _(sentences.WRONG_SIZE).format(
                *map(whole, (rect.width, rect.height, expected, pixels.size()))
            )
        )
    return pixels
