"""The docker: what to fill and how, how far it is, and what was last said."""

from typing import Any, List, Optional

from krita import DockWidget, Krita

from lacuna_wire import Options, sentences
from lacuna_wire.choices import shown_options
from lacuna_wire.editor import EditorSettings

from . import settings
from .fill_thread import WeightsQuestion
from .fills import FILLS
from .qt import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    Qt,
    QTimer,
    QVBoxLayout,
    QWidget,
)
from .rows import new_row
from .translation import _

DOCKER = "lacuna_docker"


class LacunaDocker(DockWidget):
    """One in every window; Krita makes it when the window is made."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle(_(sentences.TITLE))
        self._make_widgets()
        self._lay_out()
        self._show_settings(settings.load())
        self._question = WeightsQuestion()
        self._question.answered.connect(self._list_weights)
        self._connect()
        self._refresh()

    def canvasChanged(self, _canvas: Any) -> None:  # noqa: N802, Krita's name
        """Called when another document, or none, is looked at."""
        self._refresh()

    def showEvent(self, event: Any) -> None:  # noqa: N802, Qt's name
        super().showEvent(event)
        self._show_settings(settings.load())
        self._question.ask()

    def _make_widgets(self) -> None:
        self.go = QPushButton(Krita.instance().icon("krita_tool_smart_patch"), _("Inpaint"))
        self.go.setToolTip(_("Fill the selection from its surroundings, on a new layer."))
        self.stop = QPushButton(_("Cancel"))
        self.source = QComboBox()
        self.source.addItem(_(sentences.ACTIVE_LAYER), False)
        self.source.addItem(_(sentences.VISIBLE_LAYERS), True)
        self.source.setToolTip(_(sentences.SOURCE_TIP))
        self.rows = {option.name: new_row(option) for option in shown_options()}
        self.bar = QProgressBar()
        self.bar.setRange(0, 100)
        policy = self.bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(policy)
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow(f"{_(sentences.SOURCE)}:", self.source)
        for row in self.rows.values():
            form.addRow(row.label and f"{row.label}:", row.widget)
        buttons = QHBoxLayout()
        buttons.addWidget(self.go, 1)
        buttons.addWidget(self.stop)
        column = QVBoxLayout()
        column.addLayout(buttons)
        column.addLayout(form)
        column.addWidget(self.bar)
        column.addWidget(self.message)
        column.addStretch(1)
        content = QWidget(self)
        content.setLayout(column)
        self.setWidget(content)

    def _connect(self) -> None:
        self.go.clicked.connect(lambda *_: self._start())
        self.stop.clicked.connect(lambda *_: FILLS.cancel(Krita.instance().activeDocument()))
        for chosen in (self.source.activated, *(row.chosen for row in self.rows.values())):
            chosen.connect(lambda *_: settings.save(self._chosen()))
        FILLS.changed.connect(self._refresh)
        # After the last document there is no other canvas. It is still there when it says so.
        closed = Krita.instance().notifier().imageClosed
        closed.connect(lambda *_: QTimer.singleShot(0, self._refresh))

    def _start(self) -> None:
        document = Krita.instance().activeDocument()
        if document is not None:
            FILLS.start(document, self._chosen())
        self._question.ask()

    def _chosen(self) -> EditorSettings:
        options = Options(**{name: row.value() for name, row in self.rows.items()})
        return EditorSettings(self.source.currentData(), options)

    def _show_settings(self, chosen: EditorSettings) -> None:
        self.source.setCurrentIndex(self.source.findData(chosen.visible))
        for name, row in self.rows.items():
            row.widget.blockSignals(True)  # nothing was chosen here
            row.show(getattr(chosen.options, name))
            row.widget.blockSignals(False)

    def _list_weights(self, names: List[str]) -> None:
        self.rows["weights"].widget.offer(names)

    def _refresh(self) -> None:
        document = Krita.instance().activeDocument()
        state = FILLS.state(document) if document is not None else None
        running = state is not None and state.running
        self.go.setEnabled(document is not None and not running)
        self.stop.setEnabled(running)
        self.bar.setVisible(running)
        self.bar.setValue(int(state.percent) if running else 0)
        self.message.setText(state.text if state is not None else "")


def find_docker() -> Optional[Any]:
    """Return the docker of the active window, or None if there is no window."""
    if Krita.instance().activeWindow() is None:
        return None  # Krita crashes when it is asked for dockers then
    for docker in Krita.instance().dockers():
        if docker.objectName() == DOCKER:
            return docker
    return None
