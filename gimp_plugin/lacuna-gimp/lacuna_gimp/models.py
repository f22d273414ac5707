"""Which models there are to choose from.

The running daemon knows it. While none runs, those that it named last are offered: they are
remembered.
"""

import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from typing import Callable, List

from lacuna_wire.editor import resolve
from lacuna_wire.questions import offered_weights

from .memory import keep_under, recall

PARASITE = "lacuna-models"
NAMES = "names"
PATIENCE_S = 1.0  # with a daemon on this computer, for a click that goes on without an answer


def remembered_models() -> List[str]:
    """Return the names that a daemon told last."""
    names = recall(PARASITE).get(NAMES)
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def remember_models(names: List[str]) -> None:
    if names and names != remembered_models():
        keep_under(PARASITE, {NAMES: names})


def ask_for_models(take: Callable[[List[str]], None]) -> None:
    """Have `take` called, in another thread, with the names that the running daemon has.

    No daemon is started. The list is empty if nobody knows.
    """
    threading.Thread(
        target=lambda: take(offered_weights()), name="lacuna-models", daemon=True
    ).start()


def is_gone(name: str) -> bool:
    """Tell whether a daemon runs and has no such model; waits for its answer, but not long."""
    answer: "Future[List[str]]" = Future()
    ask_for_models(lambda names: resolve(answer, lambda: names))
    try:
        names = answer.result(PATIENCE_S)
    except NotInTime:
        return False
    return bool(names) and name not in names
