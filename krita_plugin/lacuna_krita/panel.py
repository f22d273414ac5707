"""The docker: what to fill and how, how far it is, and what was last said."""

from typing import Any, List, Optional

from krita import DockWidget, Krita

from lacuna_wire import Options
from lacuna_wire.editor import EditorSettings
from lacuna_wire.options import MAX_GROW

from . import settings
from .inpaint import FILLS
from .qt import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    Qt,
    QTimer,
    QVBoxLayout,
    QWidget,
)
from .translation import _
from .worker import WeightsQuestion

DOCKER = "lacuna_docker"


class LacunaDocker(DockWidget):
    """One in every window; Krita makes it when the window is made."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle(_("Inpaint Selection"))
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
        self.go.setToolTip(_("Fill what is selected from what is around it, on a new layer"))
        self.stop = QPushButton(_("Cancel"))
        self.source = QComboBox()
        self.source.addItem(_("Active layer"))
        self.source.addItem(_("All that is visible"))
        self.source.setToolTip(_("What the fill is made from"))
        self.grow = _pixel_box(_("Enlarge the selection first, to catch soft edges and halos"))
        self.feather = _pixel_box(_("Let the edge of the fill fade towards its inside"))
        self.weights = QComboBox()
        self.weights.setToolTip(_("Installed weights of the network"))
        self.match = QCheckBox(_("Match colours"))
        self.match.setToolTip(_("Match the fill to the colours around it"))
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
        form.addRow(_("Source:"), self.source)
        form.addRow(_("Grow:"), self.grow)
        form.addRow(_("Feather:"), self.feather)
        form.addRow(_("Weights:"), self.weights)
        form.addRow("", self.match)
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
        for signal in (
            self.source.activated,
            self.grow.valueChanged,
            self.feather.valueChanged,
            self.weights.activated,
            self.match.clicked,
        ):
            signal.connect(lambda *_: settings.save(self._chosen()))
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
        options = Options(
            grow=self.grow.value(),
            feather=self.feather.value(),
            weights=self.weights.currentData() or "",
            colour_correction=self.match.isChecked(),
        )
        return EditorSettings(self.source.currentIndex() == 1, options)

    def _show_settings(self, chosen: EditorSettings) -> None:
        parts = (self.source, self.grow, self.feather, self.weights, self.match)
        for part in parts:
            part.blockSignals(True)
        self.source.setCurrentIndex(int(chosen.visible))
        self.grow.setValue(chosen.options.grow)
        self.feather.setValue(chosen.options.feather)
        self.match.setChecked(chosen.options.colour_correction)
        self._offer_weights(chosen.options.weights, [])
        for part in parts:
            part.blockSignals(False)

    def _list_weights(self, names: List[str]) -> None:
        self._offer_weights(self._chosen().options.weights, names)

    def _offer_weights(self, chosen: str, installed: List[str]) -> None:
        """Offer what was offered, what is installed, and what is chosen though it may be gone."""
        if not self.weights.count():
            self.weights.addItem(_("The best that are installed"), "")
        for name in [*installed, chosen]:
            if self.weights.findData(name) < 0:
                self.weights.addItem(name, name)
        self.weights.setCurrentIndex(self.weights.findData(chosen))

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
    """Return the docker of the active window, if there is a window."""
    if Krita.instance().activeWindow() is None:
        return None  # Krita, asked for dockers then, crashes
    for docker in Krita.instance().dockers():
        if docker.objectName() == DOCKER:
            return docker
    return None


def _pixel_box(tip: str) -> QSpinBox:
    box = QSpinBox()
    box.setRange(0, MAX_GROW)
    box.setSuffix(_(" px"))
    box.setToolTip(tip)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return box
