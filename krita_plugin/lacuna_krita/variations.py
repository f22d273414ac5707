"""The lines of the docker that change the last fill: another try, and back and forth."""

from typing import Optional

from lacuna_wire import sentences

from .qt import QHBoxLayout, QLabel, QPushButton, Qt, QToolButton, QVBoxLayout, QWidget
from .translation import _
from .tries import TryAt


class VariationsBox(QWidget):
    """Buttons for the last fill; which try is seen stands between two arrows."""

    def __init__(self) -> None:
        super().__init__()
        self.another = QPushButton(_(sentences.TRY_ANOTHER))
        self.another.setToolTip(_(sentences.TRY_ANOTHER_TIP))
        self.again = QPushButton(_(sentences.FILL_AGAIN))
        self.again.setToolTip(_(sentences.FILL_AGAIN_TIP))
        self.back = _arrow(Qt.ArrowType.LeftArrow, _("Show the variation before"))
        self.forth = _arrow(Qt.ArrowType.RightArrow, _("Show the next variation"))
        self.text = QLabel()
        self.text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.steps = QWidget()
        line = QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.back)
        line.addWidget(self.text, 1)
        line.addWidget(self.forth)
        self.steps.setLayout(line)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(0, 0, 0, 0)
        buttons.addWidget(self.another, 1)
        buttons.addWidget(self.again, 1)
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(buttons)
        column.addWidget(self.steps)
        self.setLayout(column)
        self.show_at(None)

    def show_at(self, at: Optional[TryAt]) -> None:
        """Show which try is in the picture; None if the last fill is not there."""
        self.another.setEnabled(at is not None)
        self.again.setEnabled(at is not None)
        self.steps.setVisible(at is not None and at.count > 1)
        self.back.setEnabled(at is not None and at.index > 0)
        self.forth.setEnabled(at is not None and at.index < at.count - 1)
        if at is not None:
            self.text.setText(_("Variation {} of {}").format(at.index + 1, at.count))


def _arrow(arrow: Qt.ArrowType, tip: str) -> QToolButton:
    button = QToolButton()
    button.setArrowType(arrow)
    button.setAutoRaise(True)
    button.setToolTip(tip)
    return button
