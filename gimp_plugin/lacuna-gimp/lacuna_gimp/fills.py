"""Which layers of an image are fills of which, from what their parasites say."""

from typing import Any, List, NamedTuple, Optional

from . import layers, records
from .records import FillRecord


class Known(NamedTuple):
    """A layer of the stack, and what it knows.

    Attributes:
        layer: Or a group.
        record: Of the fill that it is or holds.
        name: Its secret name, if something was ever filled over it.
        tattoo: GIMP's number of it, if it has such a name.
    """

    layer: Any
    record: Optional[FillRecord]
    name: str
    tattoo: int

    @property
    def is_fill(self) -> bool:
        """Whether it is a fill and nothing else, and not a picture that holds one."""
        return self.record is not None and self.record.kind == records.LAYER


def look(image: Any) -> List[Known]:
    """Return the whole stack, from the top to the bottom; each layer is asked once."""
    stack = []
    for layer in layers.all_layers(image):
        name = records.name_of_source(layer)
        tattoo = layer.get_tattoo() if name else 0
        stack.append(Known(layer, records.record_of(layer), name, tattoo))
    return stack


def known(stack: List[Known], layer: Any) -> Known:
    """Return what a layer of the stack knows."""
    (found,) = [each for each in stack if layers.same(each.layer, layer)]
    return found


def source_of(stack: List[Known], fill: Known) -> Optional[Any]:
    """Return the layer that a fill fills; None if it is gone, or was all that was visible."""
    assert fill.record is not None
    if fill.record.kind != records.LAYER:
        return fill.layer
    alike = [each for each in stack if each.name and each.name == fill.record.source]
    # A copy of the source has the same name, and a copy of the image other numbers.
    for each in alike:
        if each.tattoo == fill.record.tattoo:
            return each.layer
    places = [each.layer.get_id() for each in stack]
    place = places.index(fill.layer.get_id())
    under = [each for each in alike if places.index(each.layer.get_id()) > place]
    return (under or alike)[0].layer if alike else None


def fills_of(stack: List[Known], source: Any) -> List[Any]:
    """Return all layers that are fills of a source, seen or not, from the bottom to the top."""
    name = known(stack, source).name
    found = [
        each.layer
        for each in stack
        if name
        and each.is_fill
        and each.record.source == name  # type: ignore[union-attr]
        and layers.same(source_of(stack, each), source)
    ]
    return found[::-1]


def filled_copy_of(stack: List[Known], source: Any) -> Optional[Any]:
    """Return the newest filled copy of a source that is seen."""
    name = known(stack, source).name
    copies = [
        each
        for each in stack
        if name
        and each.record is not None
        and each.record.kind == records.COPY
        and each.record.source == name
        and layers.is_seen(each.layer)
    ]
    newest_copy = max(copies, key=_number, default=None)
    return None if newest_copy is None else newest_copy.layer


def newest(stack: List[Known], active: Optional[Any]) -> Optional[Known]:
    """Return the fill that is to be tried again: the active one, else the last one that was made.

    An active layer that holds fills is a picture; its newest fill may be a layer above it.
    """
    found = [each for each in stack if each.record is not None]
    if active is not None:
        chosen = known(stack, active)
        if chosen.is_fill:
            return chosen
        own = {layer.get_id() for layer in (*fills_of(stack, active), active)}
        found = [each for each in found if each.layer.get_id() in own] or found
    return max(found, key=_number, default=None)


def next_number(stack: List[Known]) -> int:
    """Return the number of the next fill in its picture."""
    return 1 + max((each.record.number for each in stack if each.record), default=0)


def _number(fill: Known) -> int:
    assert fill.record is not None
    return fill.record.number
