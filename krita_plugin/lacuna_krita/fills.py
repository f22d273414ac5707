"""All fills that are running: one per document, and what there is to say of it."""

import time
from typing import Any, List, NamedTuple, Optional

from krita import Krita

from lacuna_wire import JobStatus, LacunaError, sentences
from lacuna_wire.editor import EditorSettings
from lacuna_wire.errors import JobCancelled

from .one_fill import Fill
from .qt import QObject, pyqtSignal
from .translation import _

QUIT_S = 2.0  # that Krita waits for the daemon to hear of it


class FillState(NamedTuple):
    """What the docker shows of one document.

    Attributes:
        text: What was last said.
        percent: How much is done, 0 to 100; None if no fill is running.
    """

    text: str = ""
    percent: Optional[float] = None

    @property
    def running(self) -> bool:
        return self.percent is not None


class Fills(QObject):
    """All fills that are running in this Krita.

    Attributes:
        changed: There is news of a document: the docker should look again.
        said: Gets a document, a sentence, and whether it tells of a failure.
    """

    changed = pyqtSignal()
    said = pyqtSignal(object, str, bool)

    def __init__(self) -> None:
        super().__init__()
        self._running: List[Fill] = []
        self._last: List[Any] = []  # pairs of document and state; wrappers can only be compared

    def start(self, document: Any, settings: EditorSettings) -> None:
        """Begin to fill what is selected in a document; the signals tell the rest."""
        if self.state(document).running:
            sentence = _("A fill is already running in this document. Wait for it, or cancel it.")
            self._say(document, sentence, True)
            return
        fill = Fill(document, settings)
        fill.shown.connect(self._show)
        fill.ended.connect(self._end)
        self._running.append(fill)
        self._set(document, FillState(_("Waiting for Krita"), 0.0))
        try:
            fill.start()
        except LacunaError as error:
            self._end(fill, error.message, not isinstance(error, JobCancelled))
            return
        self._set(document, FillState(_(sentences.WAITING_FOR_DAEMON), 0.0))

    def state(self, document: Any) -> FillState:
        """Return what there is to say about a document."""
        for known, state in self._last:
            if known == document:
                return state
        return FillState()

    def cancel(self, document: Any) -> None:
        """End the fill of a document, if there is one."""
        for fill in self._running:
            if fill.document == document:
                fill.cancel()

    def quit(self) -> None:
        """End all fills, because Krita is closing."""
        for fill in self._running:
            fill.cancel()
        until = time.monotonic() + QUIT_S
        for fill in self._running:
            fill.join(max(0.0, until - time.monotonic()))

    def _show(self, fill: "Fill", status: JobStatus) -> None:
        if fill in self._running:
            text = sentences.progress_text(status, _)
            self._set(fill.document, FillState(text, status.percent))

    def _end(self, fill: "Fill", sentence: str, failed: bool) -> None:
        self._running.remove(fill)
        self._set(fill.document, FillState(sentence))
        self._say(fill.document, sentence, failed)

    def _say(self, document: Any, sentence: str, failed: bool) -> None:
        if not self.state(document).running:
            self._set(document, FillState(sentence))
        self.said.emit(document, sentence, failed)

    def _set(self, document: Any, state: FillState) -> None:
        open_ones = Krita.instance().documents()
        self._last = [
            (known, old)
            for known, old in self._last
            if known != document and any(known == each for each in open_ones)
        ]
        self._last.append((document, state))
        self.changed.emit()


FILLS = Fills()
