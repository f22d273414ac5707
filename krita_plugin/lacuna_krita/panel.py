"""The docker: what to fill and how, how far it is, and what was last said."""

from typing import Any, List, Optional

from krita import DockWidget, Krita

from lacuna_wire import sentences

from . import settings
from .document import copy_masks
from .engine_box import EngineBox
from .fill_thread import WeightsQuestion
from .fills import FILLS
from .fold import Fold
from .form import SettingsForm
from .help import open_help
from .icon import lacuna_icon
from .message import MessageLabel
from .preview import Preview
from .qt import QHBoxLayout, QProgressBar, QPushButton, QTimer, QToolButton, QVBoxLayout, QWidget
from .translation import _
from .variations import VariationsBox

DOCKER = "lacuna_docker"
LOOK_MS = 500  # between two looks at what is selected, while the docker is seen


class LacunaDocker(DockWidget):
    """One in every window; Krita makes it when the window is made."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle(_(sentences.TITLE))
        self._make_widgets()
        self._lay_out()
        self._question = WeightsQuestion()
        self._question.answered.connect(self._list_weights)
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._connect()
        self._show_document()

    def canvasChanged(self, _canvas: Any) -> None:  # noqa: N802, Krita's name
        """Called when another document, or none, is looked at."""
        self._show_document()

    def showEvent(self, event: Any) -> None:  # noqa: N802, Qt's name
        super().showEvent(event)
        self._timer.start()
        self._show_document()
        self._question.ask()
        self.engine.look(shown=False)

    def hideEvent(self, event: Any) -> None:  # noqa: N802, Qt's name
        super().hideEvent(event)
        self._timer.stop()

    def enterEvent(self, event: Any) -> None:  # noqa: N802, Qt's name
        """The mouse comes to click: what is selected must be known by now."""
        super().enterEvent(event)
        self._look()

    def _make_widgets(self) -> None:
        self.go = QPushButton(lacuna_icon(), _(sentences.INPAINT))
        self.stop = QPushButton(_("Cancel"))
        self.stop.setMinimumWidth(
            max(self.stop.sizeHint().width(), QPushButton(_("Cancelling")).sizeHint().width())
        )
        self.tries = VariationsBox()
        self.form = SettingsForm()
        self.rows = self.form.rows
        self.preview = Preview()
        self.fold = Fold(_(sentences.MORE_OPTIONS), self.form.rare, settings.keep_unfolded)
        self.fold.title.setChecked(settings.is_unfolded())
        self.help = QToolButton()
        self.help.setText(_("Help"))
        self.help.setAutoRaise(True)
        self.help.setToolTip(_("Open the help page in the browser."))
        self.fold.put_beside(self.help)
        self.bar = QProgressBar()
        self.bar.setRange(0, 100)
        policy = self.bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(policy)
        self.message = MessageLabel()
        self.engine = EngineBox()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.go, 1)
        buttons.addWidget(self.stop)
        column = QVBoxLayout()
        column.addLayout(buttons)
        column.addWidget(self.tries)
        column.addWidget(self.form.often)
        column.addWidget(self.preview)
        column.addWidget(self.fold)
        column.addWidget(self.bar)
        column.addWidget(self.message)
        column.addWidget(self.engine)
        column.addStretch(1)
        content = QWidget(self)
        content.setLayout(column)
        self.setWidget(content)

    def _connect(self) -> None:
        def with_document(do: Any) -> Any:
            def act(*_: Any) -> None:
                document = Krita.instance().activeDocument()
                if document is not None:
                    do(document)

            return act

        chosen = self.form.settings
        self.go.clicked.connect(with_document(self._start))
        self.stop.clicked.connect(with_document(FILLS.cancel))
        self.tries.another.clicked.connect(with_document(lambda d: FILLS.another(d, chosen())))
        self.tries.again.clicked.connect(with_document(lambda d: FILLS.again(d, chosen())))
        self.tries.back.clicked.connect(with_document(lambda d: FILLS.step(d, -1)))
        self.tries.forth.clicked.connect(with_document(lambda d: FILLS.step(d, 1)))
        self.preview.show_grown.clicked.connect(with_document(self._show_grown))
        self.preview.grown.connect(self._selection_has_grown)
        self.help.clicked.connect(lambda *_: open_help())
        self.form.chosen.connect(self._choose)
        self._timer.timeout.connect(self._look)
        self.engine.installed.connect(self._go_on)
        FILLS.changed.connect(self._refresh)
        FILLS.engine_wanted.connect(self.engine.look)
        # After the last document there is no other canvas. It is still there when it says so.
        closed = Krita.instance().notifier().imageClosed
        closed.connect(lambda *_: QTimer.singleShot(0, self._show_document))

    def _start(self, document: Any) -> None:
        FILLS.start(document, self.form.settings())
        self._question.ask()

    def _go_on(self) -> None:
        """Do the fills that waited for the engine."""
        FILLS.go_on_with_engine()
        self._question.ask()

    def _choose(self) -> None:
        document = Krita.instance().activeDocument()
        self._offer_masks(document)
        FILLS.choose(document, self.form.settings())
        self._look()

    def _show_grown(self, document: Any) -> None:
        self.preview.show_in(document, self.form.settings().options.least_grow)

    def _selection_has_grown(self) -> None:
        """It will not grow twice."""
        self.rows["grow"].widget.setValue(0)

    def _list_weights(self, names: List[str]) -> None:
        self.rows["weights"].widget.offer(names)
        self.rows["weights"].widget.name_best(names)

    def _show_document(self) -> None:
        """Show what was chosen and said of the document that is looked at."""
        document = Krita.instance().activeDocument()
        FILLS.forget_closed()
        self._offer_masks(document)
        self.form.show(FILLS.chosen(document))
        self._look()

    def _offer_masks(self, document: Any) -> None:
        self.form.offer_masks(copy_masks(document) if document is not None else [])

    def _look(self) -> None:
        """See what is selected and which layers are there: nobody tells of that."""
        document = Krita.instance().activeDocument()
        running = FILLS.state(document).running
        self.preview.look(document, self.form.settings(), count=self.isVisible() and not running)
        chosen = self.form.settings()
        if chosen.has_copy_mask:
            self._offer_masks(document)
            if self.form.settings() != chosen:  # its mask is gone
                FILLS.choose(document, self.form.settings())
        self._refresh()

    def _refresh(self) -> None:
        document = Krita.instance().activeDocument()
        state = FILLS.state(document)
        selected = self.preview.bounds is not None
        self.go.setEnabled(document is not None and selected)
        self.go.setToolTip(
            _("Fill the selection from its surroundings.")
            if selected
            else _(
                "Select what you want to remove. Or paint over it on a layer of its own, and "
                "choose Tools > Inpaint > Inpaint Painted Strokes."
            )
        )
        self.stop.setEnabled(state.running and not state.cancelling)
        self.stop.setText(_("Cancelling") if state.cancelling else _("Cancel"))
        self.bar.setVisible(state.running)
        self.bar.setValue(int(state.percent) if state.running else 0)
        self.message.tell(state.text, state.failed)
        for options in (self.form.often, self.preview, self.fold):
            options.setVisible(not self.engine.needs_room)
        self.tries.show_at(FILLS.try_at(document))
        self.tries.setEnabled(not state.running)  # but seen: what is below is not to jump


def show_docker() -> Optional[Any]:
    """Bring the docker of the active window to the front, and return it; None without a window."""
    docker = find_docker()
    if docker is not None:
        docker.show()
        docker.raise_()
    return docker


def find_docker() -> Optional[Any]:
    """Return the docker of the active window, or None if there is no window."""
    if Krita.instance().activeWindow() is None:
        return None  # Krita crashes when it is asked for dockers then
    for docker in Krita.instance().dockers():
        if docker.objectName() == DOCKER:
            return docker
    return None
