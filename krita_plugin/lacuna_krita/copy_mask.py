"""The mask that says what may be copied: a selection mask, a transparency mask, or a layer."""

from functools import partial
from typing import Any, NamedTuple, Optional

from lacuna_wire import LacunaError, Rect, sentences
from lacuna_wire.editor import EditorSettings
from lacuna_wire.planes import mask_bounds

from . import layers
from .colours import alpha_of
from .document import KritaSource
from .translation import _

_INVERTED = bytes(range(255, -1, -1))


class CopyMask(NamedTuple):
    """What may be copied, or what may not.

    Attributes:
        document: The user's.
        mask_id: Of a mask, or of a layer whose alpha is taken.
        bounds: Of what lies on the canvas.
        inverted: Whether it says what may not.
    """

    document: Any
    mask_id: str
    bounds: Rect
    inverted: bool

    def read(self, rect: Rect) -> bytes:
        """Return one byte per pixel; 255 = may be copied.

        Raises:
            LacunaError: If the mask or its document is gone.
        """
        layers.check_open(self.document)
        mask = layers.find_node(self.document, self.mask_id)
        if mask is None:
            raise _removed()
        values = _values_of(mask, rect)
        return values.translate(_INVERTED) if self.inverted else values


def open_copy_mask(source: KritaSource, settings: EditorSettings) -> Optional[CopyMask]:
    """Return the mask that the user has chosen, or None if none takes part.

    Raises:
        LacunaError: If it is gone, of another image, or empty.
    """
    if not settings.has_copy_mask:
        return None
    if not settings.copy_mask:
        raise LacunaError(_(sentences.NO_COPY_MASK))
    mask = layers.find_node(source.document, settings.copy_mask)
    if mask is None:
        raise _removed()
    canvas = layers.canvas_of(source.document)
    bounds = mask_bounds(partial(_values_of, mask), layers.bounds_of(mask).intersect(canvas))
    if bounds is None:
        raise LacunaError(_(sentences.COPY_MASK_EMPTY).format(mask.name()))
    return CopyMask(source.document, settings.copy_mask, bounds, settings.copy_from == "never")


def _removed() -> LacunaError:
    return LacunaError(
        _("The mask that says what may be copied is not in this image. Choose another one.")
    )


def _values_of(mask: Any, rect: Rect) -> bytes:
    if mask.type() in layers.MASKS:
        selection = mask.selection() if hasattr(mask, "selection") else None
        if selection is not None:
            return bytes(selection.pixelData(*rect))
        return bytes(mask.projectionPixelData(*rect))  # Krita 5.1 knows it only so
    space = layers.space_of(mask)
    return alpha_of(layers.read_layer(mask, space, rect), space)
