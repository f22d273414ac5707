"""What an image knows of its fills: which layer each was made for, saved with the image itself.

An annotation of the document holds it as JSON. Layers are named by their ids, which survive saving
and renaming. What is said of a layer that is not there is kept: undo and redo bring layers back.
"""

import json
from typing import Any, Dict, List, NamedTuple, Optional

from . import layers
from .qt import QByteArray

ANNOTATION = "lacuna-fills"
DESCRIPTION = "layers that Lacuna has filled"
KINDS = ("layer", "into", "copy")


class FillEntry(NamedTuple):
    """What is known of a layer that a fill has made.

    Attributes:
        kind: A `layer` above its source, one that stands for it (`into`), or a filled `copy`.
        source: Id of the layer that was filled.
        number: Of the fill in its image.
        variation: As in `Options.variation`.
    """

    kind: str
    source: str
    number: int
    variation: int = 0


class FillBook(NamedTuple):
    """All that an image knows of its fills.

    Attributes:
        entries: By the id of the layer that was made.
        stands_for: Id of a layer that was put in the place of another -> id of that one.
    """

    entries: Dict[str, FillEntry]
    stands_for: Dict[str, str]

    def origin(self, layer_id: str) -> str:
        """Return the id that a layer had before anything was filled into it."""
        seen = set()
        while layer_id in self.stands_for and layer_id not in seen:
            seen.add(layer_id)
            layer_id = self.stands_for[layer_id]
        return layer_id


def load_book(document: Any) -> FillBook:
    """Return what a document says; an annotation that makes no sense says nothing."""
    book = FillBook({}, {})
    if ANNOTATION not in document.annotationTypes():
        return book
    try:
        data = json.loads(bytes(document.annotation(ANNOTATION)).decode("utf-8"))
        for key, (kind, source, number, variation) in data["fills"].items():
            if kind in KINDS:
                book.entries[key] = FillEntry(kind, str(source), int(number), int(variation))
        for key, other in data["stands_for"].items():
            book.stands_for[key] = str(other)
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    return book


def save_book(document: Any, book: FillBook) -> None:
    data = {
        "fills": {key: list(entry) for key, entry in book.entries.items()},
        "stands_for": book.stands_for,
    }
    text = json.dumps(data, separators=(",", ":"))
    document.setAnnotation(ANNOTATION, DESCRIPTION, QByteArray(text.encode("utf-8")))


def next_number(document: Any) -> int:
    """Return the number of the next fill: one more than those that are there."""
    entries = load_book(document).entries
    here = (layers.id_of(layer) for layer in layers.all_layers(document))
    return 1 + max((entries[each].number for each in here if each in entries), default=0)


def layer_in_place_of(document: Any, layer_id: str) -> Optional[Any]:
    """Return the layer that stands for one that was filled, or None."""
    book = load_book(document)
    origin = book.origin(layer_id)
    for layer in layers.all_layers(document) if book.stands_for else ():
        if book.origin(layers.id_of(layer)) == origin:
            return layer
    return None


def is_fill(book: FillBook, layer: Any) -> bool:
    """Tell whether a layer is a fill above its source."""
    entry = book.entries.get(layers.id_of(layer))
    return entry is not None and entry.kind == "layer"


def owner_of(document: Any, book: FillBook, fill: Any) -> Optional[Any]:
    """Return the layer to which a fill belongs, or None.

    That is its source. If this was merged or removed, it is the next layer below that is no fill.
    """
    origin = book.origin(book.entries[layers.id_of(fill)].source)
    for layer in layers.all_layers(document):
        if book.origin(layers.id_of(layer)) == origin:
            return layer
    below = None
    for layer in fill.parentNode().childNodes():
        if layers.id_of(layer) == layers.id_of(fill):
            break
        if layer.type() not in layers.MASKS and not is_fill(book, layer):
            below = layer
    return below


def fills_of(document: Any, layer: Any) -> List[Any]:
    """Return the fills that belong to a layer, visible or not, from the bottom to the top."""
    book, layer_id = load_book(document), layers.id_of(layer)
    found = []
    for each in layers.all_layers(document) if book.entries else ():
        if is_fill(book, each):
            owner = owner_of(document, book, each)
            if owner is not None and layers.id_of(owner) == layer_id:
                found.append(each)
    return found
