"""A part of the docker that folds away under its title."""

from typing import Callable

from .qt import QHBoxLayout, Qt, QToolButton, QVBoxLayout, QWidget


class Fold(QWidget):
    """A title with an arrow; what stands below it is seen while it is open.

    Attributes:
        title: The button.
        content: What folds away.
    """

    def __init__(self, text: str, content: QWidget, keep: Callable[[bool], None]) -> None:
        """Begin folded.

        Args:
            text: Of the title.
            content: What folds away.
            keep: Gets whether it is open, whenever the user has changed that.
        """
        super().__init__()
        self.content = content
        self.title = QToolButton()
        self.title.setText(text)
        self.title.setCheckable(True)
        self.title.setAutoRaise(True)
        self.title.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.title.toggled.connect(self._open)
        self.title.clicked.connect(keep)
        self._line = QHBoxLayout()
        self._line.addWidget(self.title)
        self._line.addStretch(1)
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._line)
        column.addWidget(content)
        self.setLayout(column)
        self._open(False)

    def put_beside(self, widget: QWidget) -> None:
        """Put something small at the end of the title's line."""
        self._line.addWidget(widget)

    def _open(self, is_open: bool) -> None:
        arrow = Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow
        self.title.setArrowType(arrow)
        self.content.setVisible(is_open)
