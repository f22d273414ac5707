"""The line of the docker that says in numbers what will be filled, and shows it if asked."""

import threading
from typing import Any, Callable, NamedTuple, Optional, Tuple

from krita import Krita

from lacuna_wire import sentences
from lacuna_wire.editor import EditorSettings
from lacuna_wire.questions import estimated_s

from . import selections
from .qt import QHBoxLayout, QLabel, QObject, QPushButton, QSizePolicy, QWidget, pyqtSignal
from .translation import _


class Numbers(NamedTuple):
    """What will be filled.

    Attributes:
        pixels: How many, after growing.
        seconds: How long that will take; None if nobody knows.
    """

    pixels: int
    seconds: Optional[float] = None


class Preview(QWidget):
    """Says what will be filled.

    Attributes:
        bounds: Of what is selected; None if nothing is.
        show_grown: The button.
        grown: The selection has been grown.
    """

    grown = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.bounds: Any = None
        self._key: Any = None
        self._busy = False
        self._later = _Later(self)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setToolTip(_(sentences.TO_FILL_TIP))
        self.show_grown = QPushButton(_(sentences.SHOW))
        self.show_grown.setToolTip(_(sentences.SHOW_TIP))
        self.show_grown.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        line = QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.text, 1)
        line.addWidget(self.show_grown)
        self.setLayout(line)

    def look(self, document: Any, chosen: EditorSettings, count: bool) -> None:
        """See what is selected now; numbers follow, unless they would be the same.

        Args:
            document: Which is looked at; None for none.
            chosen: What would be done with it.
            count: Whether there is time to count.
        """
        self.bounds = bounds = selections.selected_bounds(document)
        self.show_grown.setEnabled(bounds is not None and chosen.options.least_grow > 0)
        if bounds is None:
            self._key = None
            self.text.setText("")
        elif count and not self._busy:
            size = (document.width(), document.height())
            key = (selections.fingerprint(document, bounds), size, chosen)
            if key != self._key:
                self._key, self._busy = key, True
                selected = selections.read_mask(document, bounds)
                self._later.run(lambda: _numbers(selected, chosen), self._tell)

    def show_in(self, document: Any, radius: int) -> None:
        """Set the selection of a document to what will be filled."""
        bounds = selections.selected_bounds(document)
        if bounds is None or not radius:
            return
        before = selections.fingerprint(document, bounds)
        selected = selections.read_whole_mask(document)

        def put(grown: Any) -> None:
            there = any(document == each for each in Krita.instance().documents())
            # If something else is selected by now, that is what the user wants.
            if there and selections.fingerprint(document, bounds) == before:
                selections.set_selection(document, grown)
                self.grown.emit()

        self._later.run(lambda: selections.grow_selection(selected, radius), put)

    def _tell(self, numbers: Numbers) -> None:
        self._busy = False
        if self.bounds is not None:
            self.text.setText(sentences.amount_text(numbers.pixels, numbers.seconds, _))


class _Later(QObject):
    """Runs what takes a while in a thread, and hands its answer to the main one."""

    _answered = pyqtSignal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._answered.connect(self._take)

    def run(self, make: Callable[[], Any], take: Callable[[Any], None]) -> None:
        def work() -> None:
            self._answered.emit((take, make()))

        threading.Thread(target=work, name="lacuna-preview", daemon=True).start()

    def _take(self, answer: Tuple[Callable[[Any], None], Any]) -> None:
        answer[0](answer[1])


def _numbers(selected: selections.SelectedMask, chosen: EditorSettings) -> Numbers:
    """Count, and ask a daemon that runs how long it will take; none is started for that."""
    pixels = selected.count(chosen.options.least_grow)
    size = (selected.canvas.width, selected.canvas.height)
    return Numbers(pixels, estimated_s(size, selected.bounds, chosen))
