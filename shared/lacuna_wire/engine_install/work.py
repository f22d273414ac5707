"""What an editor talks to: it asks for the state now and then, shows it, and says what was clicked.

Everything that takes time is done in a thread in here. The state is a value that is replaced as a
whole, so any thread may read it.
"""

import threading
import traceback
from typing import Callable, Dict, NamedTuple, Optional, Tuple

from ..endpoint import is_startable
from ..errors import JobCancelled, LacunaError
from ..refusals import refusal_text
from ..sentences import BUG
from . import words
from .install import install, remove, sweep
from .making import MAKING, InstallProgress
from .offer import InstallOffer, is_update, make_offer
from .places import Engine, carried_wheel, installed_engine

# What can be clicked, in each kind of state: keys of `words.BUTTONS`.
CHOICES: Dict[str, Tuple[str, ...]] = {
    "nothing": (),
    "looking": (),
    "offered": ("install", "close"),
    "outdated": ("update", "ask", "close"),
    "installed": ("ask", "close"),
    "asking": ("remove", "keep"),
    "working": ("cancel",),
    "cancelling": (),
    "cancelled": ("again", "close"),
    "removing": (),
    "removed": ("again", "close"),
    "failed": ("again", "close"),
}


class EngineState(NamedTuple):
    """What is to be shown.

    Attributes:
        kind: A key of `CHOICES`; `nothing` is all well, with nothing to offer.
        text: A sentence or two; empty for `nothing`.
        percent: How much is done; None if nothing goes on.
        engine: The one that is there.
    """

    kind: str
    text: str = ""
    percent: Optional[float] = None
    engine: Optional[Engine] = None

    @property
    def choices(self) -> Tuple[str, ...]:
        """What can be clicked."""
        return CHOICES[self.kind]

    @property
    def is_busy(self) -> bool:
        return self.kind in ("looking", "working", "cancelling", "removing")


NOTHING = EngineState("nothing")


def can_offer() -> bool:
    """Tell whether no daemon can be started, and this plug-in brings what would be installed."""
    return carried_wheel() is not None and not is_startable()


class EngineWork:
    """Installs and removes for one window.

    Attributes:
        state: What is to be shown now.
        installed: How often an installation has succeeded here.
    """

    def __init__(self, translate: Callable[[str], str] = str) -> None:
        self.state = NOTHING
        self.installed = 0
        self._translate = translate
        self._offer: Optional[InstallOffer] = None
        self._cancelled = threading.Event()
        self._thread: Optional[threading.Thread] = None

    def do(self, choice: str) -> None:
        """Do what was clicked, one of the state's choices."""
        if choice not in self.state.choices:
            return  # it has changed under the mouse
        {
            "install": self.install,
            "update": self.install,
            "cancel": self.cancel,
            "ask": self.ask,
            "remove": self.remove,
            "keep": self.look,
            "again": self.look,
            "close": self.close,
        }[choice]()

    def close(self) -> None:
        """Show nothing more, until there is another look."""
        if not self.state.is_busy:
            self.state = NOTHING

    def ask(self) -> None:
        """Ask whether the engine is really to be removed."""
        engine = installed_engine()
        if engine is not None and not self.state.is_busy:
            said = self._translate(words.REALLY_REMOVE).format(words.shown(engine.folder))
            self.state = EngineState("asking", said, engine=engine)

    def look(self, shown: bool = True) -> None:
        """Find out what is to be offered.

        Args:
            shown: Whether the user wants to see what is there, even if nothing is to be done.
        """
        if carried_wheel() is None or self.state.is_busy:
            return
        self.state = EngineState("looking", self._translate(words.LOOKING) if shown else "")
        self._run(lambda: self._look(shown))

    def install(self) -> None:
        """Do what was offered."""
        offer = self._offer
        if offer is None or self.state.is_busy:
            return
        self._cancelled.clear()
        self._show(InstallProgress(MAKING, 0.0))
        self._run(lambda: self._install(offer))

    def cancel(self) -> None:
        """End an installation; the state tells when nothing of it is left."""
        if self.state.kind == "working":
            self._cancelled.set()
            said = self._translate(words.CANCELLING)
            self.state = self.state._replace(kind="cancelling", text=said)

    def remove(self) -> None:
        """Remove the engine that is there; the user has been asked."""
        engine = installed_engine()
        if engine is None or self.state.is_busy:
            return
        self.state = EngineState("removing", self._translate(words.REMOVING))
        self._run(lambda: self._remove(engine))

    def quit(self, timeout_s: float) -> None:
        """End what goes on, because the editor closes; what is left by then is swept later."""
        self.cancel()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _look(self, shown: bool) -> None:
        sweep()
        wheel, engine = carried_wheel(), installed_engine()
        assert wheel is not None
        outdated = engine is not None and is_update(wheel, engine)
        if not outdated and is_startable():
            said = ""
            if engine is not None and shown:
                said = self._translate(words.THERE).format(
                    engine.version, words.shown(engine.folder)
                )
            self.state = EngineState("installed", said, engine=engine) if said else NOTHING
            return
        self._offer = offer = make_offer(wheel)
        kind = "outdated" if outdated else "offered"
        if not outdated:  # it is there, but does not start: its place is taken
            self._offer = offer = offer._replace(before=None)
        text = words.offer_text(offer, self._translate)
        self.state = EngineState(kind, text, engine=engine)

    def _install(self, offer: InstallOffer) -> None:
        engine = install(offer, self._show, self._cancelled.is_set)
        self._offer = None
        self.installed += 1
        self.state = EngineState("installed", self._translate(words.INSTALLED), engine=engine)

    def _remove(self, engine: Engine) -> None:
        remove(engine)
        self.state = EngineState("removed", self._translate(words.REMOVED))

    def _show(self, progress: InstallProgress) -> None:
        if self._cancelled.is_set():
            return
        text = self._translate(words.STEPS[progress.step])
        if progress.package:
            text = self._translate(words.DOWNLOADING_PACKAGE).format(progress.package)
        if progress.done and progress.total:
            done, total = (
                words.amount(count, self._translate) for count in (progress.done, progress.total)
            )
            text = self._translate(words.OF_ALL).format(text, done, total)
        self.state = EngineState("working", text, progress.percent)

    def _run(self, do: Callable[[], None]) -> None:
        def work() -> None:
            try:
                do()
            except LacunaError as error:
                quiet = isinstance(error, JobCancelled)
                text = refusal_text(error, self._translate)
                self.state = EngineState("cancelled" if quiet else "failed", text)
            except Exception as error:  # here the thread ends: the window tells
                traceback.print_exc()
                said = self._translate(BUG).format(type(error).__name__, error)
                self.state = EngineState("failed", said)

        self._thread = threading.Thread(target=work, name="lacuna-engine", daemon=True)
        self._thread.start()
