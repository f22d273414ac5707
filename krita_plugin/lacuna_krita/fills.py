"""All fills that are running or waiting, and what there is to say of each document."""

import time
from typing import Any, Callable, List, NamedTuple, Optional, Tuple

from krita import Krita

from lacuna_wire import JobStatus, LacunaError, sentences
from lacuna_wire.editor import EditorSettings
from lacuna_wire.errors import JobCancelled
from lacuna_wire.refusals import refusal_text

from . import document as picture
from . import settings
from .clicks import layers_there, take_click
from .one_fill import Fill, Wanted
from .qt import QObject, QTimer, pyqtSignal
from .translation import _
from .tries import TryAt
from .turns import Ask, Desk, WaitingFill

QUIT_S = 2.0  # that Krita waits for the daemon to hear of it


class FillState(NamedTuple):
    """What the docker shows of one document.

    Attributes:
        text: What was last said.
        percent: How much is done, 0 to 100; None if no fill is running.
        failed: Whether the text tells of a failure.
        cancelling: Whether there is nothing more to cancel, though something still runs.
    """

    text: str = ""
    percent: Optional[float] = None
    failed: bool = False
    cancelling: bool = False

    @property
    def running(self) -> bool:
        return self.percent is not None


class Fills(QObject):
    """All fills in this Krita, one at a time in each document.

    Attributes:
        changed: There is news of a document: the docker should look again.
        said: Gets a document, a sentence, and whether it tells of a failure.
        engine_wanted: A fill waits for the engine, which is not there.
    """

    engine_wanted = pyqtSignal()
    changed = pyqtSignal()
    said = pyqtSignal(object, str, bool)

    def __init__(self) -> None:
        super().__init__()
        self._desks: List[Desk] = []

    def start(self, document: Any, chosen: EditorSettings, mask: str = "selection") -> None:
        """Fill what is selected, or painted, now; the signals tell the rest."""

        def ask() -> Tuple[EditorSettings, Wanted]:
            return chosen, Wanted(mask=mask, click=take_click(document))

        self._queue(document, ask, at_once=True)

    def another(self, document: Any, chosen: EditorSettings) -> None:
        """Put another try in the place of the last fill."""
        desk = self._desk(document)
        self._queue(document, lambda: desk.tries.another(chosen, _looks_into(document)))

    def again(self, document: Any, chosen: EditorSettings) -> None:
        """Do the last fill once more, with other options."""
        desk = self._desk(document)
        self._queue(document, lambda: desk.tries.again(chosen, _looks_into(document)))

    def step(self, document: Any, by: int) -> None:
        """Show the try before (-1) or after (1) the one that is in the picture."""
        desk = self._desk(document)
        self._queue(document, lambda: desk.tries.step(by, _looks_into(document)))

    def try_at(self, document: Any) -> Optional[TryAt]:
        """Return which try of how many is in a picture; None if the last fill is not there."""
        return self._desk(document).tries.at(_looks_into(document))

    def state(self, document: Any) -> FillState:
        """Return what there is to say about a document."""
        desk = self._desk(document)
        if not desk.turns:
            return FillState(desk.text, None, desk.failed)
        first, text = desk.turns[0], desk.text
        if first.cancelled:
            text = _("Cancelling")
        if len(desk.turns) > 1:
            text = "\n".join((text, _waiting_text(len(desk.turns) - 1)))
        return FillState(text, desk.percent, False, desk.turn_to_cancel() is None)

    def cancel(self, document: Any) -> None:
        """End the fill of a document, if there is one; once more ends the next one."""
        desk = self._desk(document)
        turn = desk.turn_to_cancel()
        if turn is None:
            return
        turn.cancel()
        if turn is not desk.turns[0]:
            desk.turns.remove(turn)
            self.said.emit(document, _(sentences.CANCELLED), False)
        self.changed.emit()

    def go_on_with_engine(self) -> None:
        """Do what waited for the engine, the last click of each document."""
        self.forget_closed()
        for desk in self._desks:
            asked, desk.waits = desk.waits, None
            if asked is not None:
                self._queue(desk.document, asked)

    def quit(self) -> None:
        """End all fills, because Krita is closing."""
        running = [turn.fill for desk in self._desks for turn in desk.turns if turn.fill]
        for desk in self._desks:
            del desk.turns[1:]
        for fill in running:
            fill.cancel()
        until = time.monotonic() + QUIT_S
        for fill in running:
            fill.join(max(0.0, until - time.monotonic()))

    def chosen(self, document: Any) -> EditorSettings:
        """Return what was chosen last, with the mask that was chosen for this document."""
        copy_from, mask = self._desk(document).copying
        kept = settings.load()
        if not kept._replace(copy_from=copy_from).has_copy_mask:
            return kept
        return kept._replace(copy_from=copy_from, copy_mask=mask)

    def choose(self, document: Any, chosen: EditorSettings) -> None:
        """Keep what was chosen; a mask belongs to its document."""
        settings.save(chosen)
        if document is not None:
            self._desk(document).copying = (chosen.copy_from, chosen.copy_mask)

    def forget_closed(self) -> None:
        """Forget the documents that are closed, unless a fill has to end first."""
        there = Krita.instance().documents()
        self._desks = [
            desk
            for desk in self._desks
            if desk.turns or any(desk.document == each for each in there)
        ]

    def _desk(self, document: Any) -> Desk:
        for desk in self._desks:
            if desk.document == document:
                return desk
        desk = Desk(document)
        if document is not None:
            self._desks.append(desk)
        return desk

    def _queue(self, document: Any, ask: Ask, at_once: bool = False) -> None:
        """Let a click wait for its turn.

        Args:
            document: In which it was.
            ask: Says what is to be done; asked when it begins.
            at_once: Whether it is asked now, because what is selected may be another thing then.
        """
        self.forget_closed()
        desk, turn = self._desk(document), WaitingFill()
        desk.turns.append(turn)
        if len(desk.turns) == 1:
            self._tell(desk, _("Waiting for Krita"))
        self.changed.emit()
        try:
            asked = self._ask_now(document, ask) if at_once else None
        except LacunaError as error:
            self._drop(desk, turn, refusal_text(error, _), True)
            return
        turn.ask = ask if asked is None else lambda: asked
        self._go_on(desk)

    def _ask_now(self, document: Any, ask: Ask) -> Tuple[EditorSettings, Wanted]:
        picture.wait_for_krita(document)  # the event loop runs in there
        return ask()

    def _go_on(self, desk: Desk) -> None:
        """Begin the first turn, if it does not run yet."""
        if not desk.turns:
            return
        turn = desk.turns[0]
        if turn.ask is None or turn.fill is not None:
            return
        if turn.cancelled:
            self._drop(desk, turn, _(sentences.CANCELLED), False)
            return
        self._tell(desk, _("Waiting for Krita"))
        try:
            chosen, wanted = turn.ask()
            turn.replaces = wanted.instead_of is not None
            turn.asked = (chosen, wanted)
            fill = turn.fill = Fill(desk.document, chosen, wanted)
            fill.shown.connect(lambda _fill, status: self._show(desk, turn, status))
            fill.ended.connect(lambda _fill, *what: self._drop(desk, turn, *what))
            fill.start()
        except LacunaError as error:
            self._drop(desk, turn, refusal_text(error, _), not isinstance(error, JobCancelled))
            return
        if desk.percent == 0:
            self._tell(desk, _(sentences.WAITING_FOR_DAEMON))

    def _show(self, desk: Desk, turn: WaitingFill, status: JobStatus) -> None:
        if turn in desk.turns:
            text = sentences.progress_text(turn.left.steady(status), _)
            self._tell(desk, text, status.percent)

    def _drop(self, desk: Desk, turn: WaitingFill, sentence: str, failed: bool) -> None:
        """A turn has ended: tell how, and begin the next one."""
        if turn not in desk.turns:
            return
        desk.turns.remove(turn)
        made = turn.fill.made if turn.fill is not None else None
        lacks_engine = turn.fill is not None and turn.fill.lacks_engine
        if lacks_engine:
            asked = turn.asked
            desk.waits = lambda: asked
        if made is not None:
            (desk.tries.add if turn.replaces else desk.tries.begin)(made)
        if not any(desk.document == each for each in Krita.instance().documents()):
            desk.turns.clear()
        desk.failed = failed
        self._tell(desk, sentence)
        self.said.emit(desk.document, sentence, failed)
        if lacks_engine:
            self.engine_wanted.emit()
        QTimer.singleShot(0, lambda: self._go_on(desk))

    def _tell(self, desk: Desk, text: str, percent: float = 0.0) -> None:
        desk.text, desk.percent = text, percent
        self.changed.emit()


def _looks_into(document: Any) -> Callable[[List[Any]], bool]:
    there = layers_there(document)
    return lambda layer_ids: bool(layer_ids) and there.issuperset(layer_ids)


def _waiting_text(count: int) -> str:
    if count == 1:
        return _("One more fill waits for this one.")
    return _("{} more fills wait for this one.").format(count)


FILLS = Fills()
