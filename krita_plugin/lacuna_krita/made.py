"""What a finished fill was, and what a click may ask for besides the settings."""

from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

from lacuna_wire import Rect
from lacuna_wire.editor import EditorSettings

from .changed import KeptPixels
from .clicks import Click


class Placed(NamedTuple):
    """A fill as it was put into its image.

    Attributes:
        result: What its pixels are: `layer` or `composite`, as in `Options.result`.
        space: Their colour space.
        parts: Places on the canvas as it was at the click, and their pixels.
        grown_px: As in `JobStatus`.
        weights: As in `JobStatus`.
    """

    result: str
    space: Any
    parts: List[Tuple[Rect, Any]]
    grown_px: int = 0
    weights: str = ""


class Made(NamedTuple):
    """What a finished fill was: enough to fill again, and to put something else in its place.

    No layer is held in here: it would keep the image alive after its document is closed.

    Attributes:
        source: Where it has read, with its own copy of the selection; if the fill lies in a layer
            with the rest of the picture, that is where it is looked for.
        settings: What the user had chosen, `options.variation` included.
        layer_ids: Ids of the layers that it has made, as texts.
        placed: What it has put into them.
        number: Of the fill in its image; the name of a layer says it.
        kind: Where it went: a `layer`, `into` the layer, or a filled `copy`.
        before: What lay there before, if it is no layer of its own.
        hidden: Ids of the layers that it has hidden.
    """

    source: Any
    settings: EditorSettings
    layer_ids: List[str]
    placed: Placed
    number: int
    kind: str = "layer"
    before: Sequence[KeptPixels] = ()
    hidden: Tuple[str, ...] = ()


class Wanted(NamedTuple):
    """What a click asks for, besides the settings.

    Attributes:
        mask: What is filled: the `selection`, or what is painted on the active layer (`strokes`).
        instead_of: A finished fill whose source and selection are taken, and whose layers this
            fill replaces, in one undo step.
        placed: Pixels that are known already: they are put there, and the daemon is not asked.
        click: What was selected and active at the click; None for what is so now.
    """

    mask: str = "selection"
    instead_of: Optional[Made] = None
    placed: Optional[Placed] = None
    click: Optional[Click] = None


SELECTION = Wanted()  # what an ordinary click asks for
