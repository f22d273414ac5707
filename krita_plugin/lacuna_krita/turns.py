"""The clicks of one document: they take turns, for each fill starts from the one before it."""

from typing import Any, Callable, List, Optional, Tuple

from lacuna_wire.editor import EditorSettings
from lacuna_wire.time_left import TimeLeft

from .one_fill import Fill, Wanted
from .tries import Tries

Ask = Callable[[], Tuple[EditorSettings, Wanted]]


class WaitingFill:
    """One click, until its fill has ended.

    Attributes:
        ask: Says what is to be done, when its turn has come; None while Krita is still busy with
            what the user asked for before the click.
        replaces: Whether that takes the place of the last fill.
        fill: Runs.
        cancelled: Whether the user wants it no more.
        left: The seconds that were told.
        asked: What was to be done, as soon as it was known.
    """

    def __init__(self) -> None:
        self.ask: Optional[Ask] = None
        self.replaces = False
        self.fill: Optional[Fill] = None
        self.cancelled = False
        self.left = TimeLeft()
        self.asked: Any = None

    def cancel(self) -> None:
        self.cancelled = True
        if self.fill is not None:
            self.fill.cancel()


class Desk:
    """All that is known of one open document, and forgotten when it is closed.

    Attributes:
        document: The user's; wrappers of one document are equal, but not the same.
        turns: The first one runs, the others wait for it.
        text: What was last said.
        failed: Whether that tells of a failure.
        percent: How much of the first turn is done.
        tries: What was made in place of the last fill.
        copying: `copy_from` and `copy_mask` as they were chosen for this document.
        waits: What is to be done as soon as there is an engine.
    """

    def __init__(self, document: Any) -> None:
        self.document = document
        self.turns: List[WaitingFill] = []
        self.text = ""
        self.failed = False
        self.percent = 0.0
        self.tries = Tries()
        self.copying: Tuple[str, str] = ("everywhere", "")
        self.waits: Optional[Ask] = None

    def turn_to_cancel(self) -> Optional[WaitingFill]:
        """Return the first one that still goes on."""
        return next((turn for turn in self.turns if not turn.cancelled), None)
