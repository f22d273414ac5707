"""The part of the docker that installs The Lacuna engine, brings it up to date, and removes it."""

from typing import Any, Dict

from lacuna_wire.engine_install import words
from lacuna_wire.engine_install.work import EngineWork

from .message import MessageLabel
from .qt import QProgressBar, QPushButton, QTimer, QVBoxLayout, QWidget, pyqtSignal
from .translation import _

SHOW_MS = 200  # between two looks at how far it is
QUIT_S = 5.0  # that Krita waits for an installation to be taken back

# One for all windows: there is one engine.
WORK = EngineWork(_)


class EngineBox(QWidget):
    """Shows nothing as long as there is nothing to be said.

    Attributes:
        text: What is said.
        bar: How far it is.
        buttons: By what they do, all that there are; some are seen.
        installed: An engine has been installed, in this window or another one.
    """

    installed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._seen = WORK.installed
        self.text = MessageLabel()
        self.bar = QProgressBar()
        self.bar.setRange(0, 100)
        self.buttons: Dict[str, Any] = {}
        lines = QVBoxLayout()  # the docker is narrow
        for choice, english in words.BUTTONS.items():
            button = QPushButton(_(english))
            button.clicked.connect(lambda *_what, choice=choice: self._do(choice))
            lines.addWidget(button)
            self.buttons[choice] = button
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.text)
        column.addWidget(self.bar)
        column.addLayout(lines)
        self.setLayout(column)
        self._timer = QTimer(self)
        self._timer.setInterval(SHOW_MS)
        self._timer.timeout.connect(self.show_state)
        self._timer.start()
        self.show_state()

    @property
    def needs_room(self) -> bool:
        """Whether there is more to read than a small docker has room for, and nothing to fill."""
        return WORK.state.kind in ("offered", "working", "cancelling")

    def look(self, shown: bool = True) -> None:
        """Find out what is to be offered; `shown`, also if nothing is to be done."""
        if shown or WORK.state.kind == "nothing":
            WORK.look(shown)
        self.show_state()

    def show_state(self) -> None:
        """Show how far it is now."""
        state = WORK.state
        self.text.tell(state.text, state.kind == "failed")
        # Otherwise a docker without room shows its first lines only.
        self.text.setMinimumHeight(max(0, self.text.heightForWidth(self.text.width())))
        self.bar.setVisible(state.percent is not None)
        self.bar.setValue(int(state.percent or 0))
        for choice, button in self.buttons.items():
            button.setVisible(choice in state.choices)
        self.setVisible(bool(state.text))
        if WORK.installed != self._seen:
            self._seen = WORK.installed
            self.installed.emit()

    def _do(self, choice: str) -> None:
        WORK.do(choice)
        self.show_state()
