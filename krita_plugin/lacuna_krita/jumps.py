"""Jumps in Krita's history docker, over any number of steps of undo."""

from typing import Any, Callable

from .qt import QObject, QTimer


class StepsWatcher(QObject):
    """Hears of jumps in a history docker, by the mouse or by keys.

    Krita builds its list anew with every step, so no view of it ever says that it was clicked.
    """

    def __init__(self, steps: Any, jumped: Callable[[], None]) -> None:
        """Watch the list `steps` as long as it lives."""
        super().__init__(steps)
        self._steps, self._jumped = steps, jumped
        # Which step is the current one, of how many.
        self._at = (steps.currentIndex().row(), steps.model().rowCount())
        self._selection = steps.selectionModel()
        self._selection.currentChanged.connect(self._look)

    def _look(self, current: Any, *_: Any) -> None:
        if current.row() < 0:
            return  # Krita is just building it
        before, self._at = self._at, (current.row(), self._steps.model().rowCount())
        # What the user does makes the list longer; painting is not to wait for anything here.
        if self._at[1] == before[1] and self._at != before:
            QTimer.singleShot(0, self._jumped)
