"""What Krita asks for when it starts: the actions, and the messages outside of the docker."""

import time
from typing import Any

from krita import Extension, Krita

from . import settings
from .actions import add_actions
from .engine_box import QUIT_S, WORK
from .fills import FILLS
from .panel import find_docker, show_docker
from .qt import QIcon

MESSAGE_MS, PROGRESS_MS = 5000, 1500
BETWEEN_S = 0.5  # two messages of progress


class LacunaExtension(Extension):
    """One in every Krita."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        self._shown_at = 0.0

    def setup(self) -> None:
        notifier = Krita.instance().notifier()
        notifier.setActive(True)
        notifier.applicationClosing.connect(FILLS.quit)
        notifier.applicationClosing.connect(lambda: WORK.quit(QUIT_S))
        notifier.windowCreated.connect(self._show_docker_once)
        FILLS.said.connect(self._say)
        FILLS.changed.connect(self._show_progress)
        FILLS.engine_wanted.connect(show_docker)

    def createActions(self, window: Any) -> None:  # noqa: N802, Krita's name
        """Called for every window; the window is gone after the call."""
        add_actions(window)

    def _show_docker_once(self) -> None:
        """Krita hides the docker of a new plug-in, and nobody would look for it."""
        docker = find_docker()
        if docker is not None and settings.is_first_run():
            docker.show()
            docker.raise_()

    def _say(self, document: Any, sentence: str, failed: bool) -> None:
        """Say on the canvas what the docker does not say."""
        active = Krita.instance().activeDocument()
        if active is not None and active != document and document.name():
            sentence = f"{document.name()}: {sentence}"
            is_told = not failed and _docker_is_seen()
        else:
            is_told = _docker_is_seen() and FILLS.state(active).text == sentence
        if not is_told:
            _float(sentence, MESSAGE_MS)

    def _show_progress(self) -> None:
        state = FILLS.state(Krita.instance().activeDocument())
        if _docker_is_seen() or not state.running:
            return
        if time.monotonic() - self._shown_at >= BETWEEN_S:
            self._shown_at = time.monotonic()
            _float(f"{state.text}, {state.percent:.0f} %", PROGRESS_MS)


def _docker_is_seen() -> bool:
    docker = find_docker()
    # Behind another tab it is visible to Qt, but not to people.
    return docker is not None and docker.isVisible() and not docker.visibleRegion().isEmpty()


def _float(text: str, duration_ms: int) -> None:
    window = Krita.instance().activeWindow()
    view = window.activeView() if window is not None else None
    if view is not None and view.visible():
        view.showFloatingMessage(text, QIcon(), duration_ms, 1)
