"""A layer as it looks with its own fills over it, mixed by Krita itself.

A small document that nobody sees has the pixels of a rectangle: those of the layer, and above them
those of every fill with the opacity, mode and masks that the user gave it.
"""

from typing import Any, List, Optional, Tuple

from krita import Krita

from lacuna_wire import LacunaError, Rect

from . import layers
from .colours import Converter, Space
from .qt import QByteArray
from .translation import _


class Mixer:
    """Mixes one rectangle after the other, from the first call to `close`."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.document: Optional[Any] = None
        self.size = (0, 0)
        self.nodes: List[Any] = []  # of that document, which has no view

    def __call__(self, layer: Any, fills: List[Any], rect: Rect) -> Any:
        """Return the pixels of `rect` as a QByteArray, in the space of the layer.

        Raises:
            LacunaError: If Krita does not know one of the spaces.
        """
        base = layers.read_layer(layer, self.space, rect)
        over = [fill for fill in fills if layers.bounds_of(fill).intersect(rect).area]
        if not over:
            return base
        looks = [_look_of(fill, self.space, rect) for fill in over]
        document = self._document(rect.width, rect.height, 1 + len(over))
        everything = ((base, 255, "normal", False), *looks)
        for index, node in enumerate(self.nodes):
            node.setVisible(index < len(everything))
        for node, (pixels, opacity, mode, inherits) in zip(self.nodes, everything):
            node.setPixelData(pixels, 0, 0, rect.width, rect.height)
            node.setOpacity(opacity)
            node.setBlendingMode(mode)
            node.setInheritAlpha(inherits)
        document.refreshProjection()
        document.waitForDone()
        return layers.check_size(document.pixelData(0, 0, *rect[2:]), self.space, rect)

    def close(self) -> None:
        """Let the small document go; a later call makes a new one."""
        document, self.document, self.nodes = self.document, None, []
        if document is not None:
            document.setModified(False)  # nobody is to be asked
            document.close()

    def _document(self, width: int, height: int, count: int) -> Any:
        if self.document is None or width > self.size[0] or height > self.size[1]:
            self.close()
            self.size = width, height
            document = Krita.instance().createDocument(width, height, "Lacuna", *self.space, 72.0)
            if not document:
                raise LacunaError(_("Krita has no colour space {} {} ({}).").format(*self.space))
            for node in document.rootNode().childNodes():
                node.remove()
            self.document = document
        while len(self.nodes) < count:
            node = self.document.createNode("Lacuna", "paintlayer")
            self.document.rootNode().addChildNode(node, None)
            self.nodes.append(node)
        return self.document


def _look_of(fill: Any, space: Space, rect: Rect) -> Tuple[Any, int, str, bool]:
    """Return the pixels of a fill under its masks, and how it is laid over what is below."""
    own = layers.space_of(fill)
    pixels = layers.check_size(fill.projectionPixelData(*rect), own, rect)
    if own != space:
        convert = Converter(own, space)
        try:
            pixels = QByteArray(bytes(convert(pixels, rect)))
        finally:
            convert.close()
    return pixels, fill.opacity(), fill.blendingMode(), fill.inheritAlpha()
