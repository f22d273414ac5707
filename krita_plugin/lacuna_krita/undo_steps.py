"""Every fill is one step for the user's undo, also where it is several for Krita.

Krita adds a layer in one step and removes one in another, and nothing that a plug-in may call makes
both at once. So when undo or redo ends between the steps of a change, the rest follows by itself.
Whether a layer is visible is in no step at all: what a change has hidden is shown again when it is
undone.
"""

from itertools import accumulate
from typing import (
    Any,
    Container,
    Dict,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Tuple,
)

from krita import Krita

from lacuna_wire import LacunaError

from . import layers
from .active_layer import SOON, keep_active
from .jumps import StepsWatcher
from .qt import QListView, QObject

UNDO, REDO = -1, 1
_ACTIONS = {UNDO: "edit_undo", REDO: "edit_redo"}


class Change(NamedTuple):
    """What a fill has done to an image.

    Attributes:
        added: Ids of layers, in the order in which they were added.
        removed: Ids of layers that were removed after that, in their order.
        hidden: Ids of layers that are hidden by it.
        shown: Ids of layers that are shown by it.
        active: Id of the layer that is active after it.
        active_before: The same before it.
    """

    added: Tuple[str, ...]
    removed: Tuple[str, ...] = ()
    hidden: Tuple[str, ...] = ()
    shown: Tuple[str, ...] = ()
    active: str = ""
    active_before: str = ""

    @property
    def steps(self) -> int:
        return len(self.added) + len(self.removed)

    def each_step(self) -> List[Tuple[str, bool]]:
        """Return the layer of every step, and whether it adds it."""
        return [(each, True) for each in self.added] + [(each, False) for each in self.removed]


def find_position(
    steps: Sequence[Tuple[str, bool]], present: Container[str], whole: Set[int], near: int
) -> int:
    """Return how many steps are done.

    The user may add and remove layers as well. Then it is the number, of those in `whole`, that
    fits best, and the nearest of several.

    Args:
        steps: The layer of every step, and whether it adds or removes it.
        present: The layers that are there.
        whole: Numbers between which no change is cut.
        near: What it was before.

    >>> find_position([("new", True), ("old", False)], {"old", "new"}, {0, 2}, 2)
    1
    """
    expected: Dict[str, bool] = {}
    for layer_id, adds in reversed(steps):
        expected[layer_id] = not adds
    wrong = sum((layer_id in present) != there for layer_id, there in expected.items())
    found = []
    for position in range(len(steps) + 1):
        if position:
            layer_id, adds = steps[position - 1]
            wrong += (layer_id in present) != adds
            wrong -= (layer_id in present) != expected[layer_id]
            expected[layer_id] = adds
        if not wrong or position in whole:
            found.append((wrong, abs(position - near), position))
    return min(found)[2]


class History:
    """The changes of one document, in their order, and how many steps of each are done."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self.changes: List[Change] = []
        self.done: List[int] = []

    def add(self, change: Change) -> None:
        """Note a change; those that were undone before it can never be redone."""
        kept = [each for each, count in zip(self.changes, self.done) if count == each.steps]
        self.changes = [*kept, change]
        self.done = [each.steps for each in self.changes]

    def look(self) -> List[int]:
        """See how many steps of each change are done."""
        present = {layers.id_of(node) for node in layers.walk(self.document.rootNode())}
        steps = [step for change in self.changes for step in change.each_step()]
        ends = list(accumulate((change.steps for change in self.changes), initial=0))
        position = find_position(steps, present, set(ends), sum(self.done))
        return [
            min(max(position - begin, 0), change.steps) for begin, change in zip(ends, self.changes)
        ]

    def user_steps(self, krita_steps: int, now: List[int]) -> int:
        """Return how many steps the user has gone, if Krita has gone so many since `done`."""
        for before, after in zip(self.done, now):
            if before != after:
                krita_steps += (1 if after > before else -1) - (after - before)
        return krita_steps

    def is_between(self, now: List[int]) -> bool:
        return any(count not in (0, each.steps) for each, count in zip(self.changes, now))

    def settle(self, now: List[int]) -> None:
        """Show and hide what belongs to changes that were undone or done again."""
        undone, redone = [], []
        for change, before, after in zip(self.changes, self.done, now):
            if after == before:
                continue
            if after == 0:
                undone.append(change)
            elif after == change.steps:
                redone.append(change)
        self.done = now
        visible: Dict[str, bool] = {}
        for change in reversed(undone):  # as it was before the first of them
            visible.update(dict.fromkeys(change.hidden, True))
            visible.update(dict.fromkeys(change.shown, False))
        for change in redone:
            visible.update(dict.fromkeys(change.hidden, False))
            visible.update(dict.fromkeys(change.shown, True))
        for layer_id, value in visible.items():
            layer = layers.find_node(self.document, layer_id)
            if layer is not None and layer.visible() != value:
                layer.setVisible(value)
        if visible:
            self.document.refreshProjection()  # nothing else draws them anew
        for change in redone[-1:]:
            keep_active(self.document, change.active, self._others(change))
        for change in undone[:1] if not redone else ():
            # Krita has chosen a neighbour of what it has removed.
            fills = (each for other in self.changes for each in other.added)
            unwanted = tuple(each for each in fills if each != change.active_before)
            keep_active(self.document, change.active_before, unwanted, SOON)

    def _others(self, change: Change) -> Tuple[str, ...]:
        return tuple(each for each in change.added if each != change.active)


class Histories(QObject):
    """Watches undo and redo in all documents that were filled."""

    def __init__(self) -> None:
        super().__init__()
        self._histories: List[History] = []
        self._watched: List[Any] = []  # actions and lists of windows
        self._asked: Dict[int, int] = {}
        self._busy = False
        self._own = False  # this step is a plug-in's, and not the user's
        self._user, self._krita = 0, 0

    def record(self, document: Any, change: Change) -> None:
        """Remember what a fill has just done."""
        self._watch()
        history = self._history_of(document)
        if history is None:
            history = History(document)
            self._histories.append(history)
        history.add(change)

    def _history_of(self, document: Any) -> Optional[History]:
        open_ones = Krita.instance().documents()
        self._histories = [
            each
            for each in self._histories
            if any(each.document == document for document in open_ones)
        ]
        for each in self._histories:
            if each.document == document:
                return each
        return None

    def _watch(self) -> None:
        """Hear of undo and redo in the active window; every window has actions of its own."""
        for direction, name in _ACTIONS.items():
            action = Krita.instance().action(name)
            if action is not None and action not in self._watched:
                self._watched.append(action)
                action.triggered.connect(lambda *_, way=direction: self._stepped(way))
        if Krita.instance().activeWindow() is None:
            return
        for docker in Krita.instance().dockers():
            steps = docker.findChild(QListView) if docker.objectName() == "History" else None
            if steps is not None and steps not in self._watched:
                self._watched.append(steps)
                StepsWatcher(steps, self._jumped)

    def _stepped(self, way: int) -> None:
        """Undo or redo has just been triggered, by the user or in here."""
        self._krita += way
        self._user += 0 if self._own else way
        if self._busy:
            return  # it was triggered while Krita was waited for; whoever waits sees to it
        self._go_on()

    def _jumped(self) -> None:
        """The user has chosen a step of the history docker."""
        if not self._busy:
            self._krita = self._user = 0
            self._go_on(counted=False)

    def _go_on(self, counted: bool = True) -> None:
        document = Krita.instance().activeDocument()
        history = self._history_of(document) if document is not None else None
        self._busy = history is not None
        try:
            if history is not None:
                self._complete(history, counted)
        except LacunaError:
            pass  # it was closed meanwhile
        finally:
            self._busy = False
            self._user = self._krita = 0

    def _complete(self, history: History, counted: bool) -> None:
        document, way = history.document, 0
        while True:
            document.waitForDone()
            layers.check_open(document)
            now = history.look()
            missing = self._user - history.user_steps(self._krita, now) if counted else 0
            if history.is_between(now):
                way = way or _way_on(history, now)
            elif missing:
                way = UNDO if missing < 0 else REDO
            else:
                break
            if not self._step(way):
                if not history.is_between(now):
                    break
                # The other half of a change is not in Krita's memory any more.
                counted, way = False, -way
                if not self._step(way):
                    break
        history.settle(now)

    def _step(self, way: int) -> bool:
        """Undo or redo one step of Krita, if there is one."""
        action = Krita.instance().action(_ACTIONS[way])
        if action is None or not action.isEnabled():
            return False
        self._own = True
        try:
            action.trigger()
        finally:
            self._own = False
        return True


def _way_on(history: History, now: List[int]) -> int:
    """Return the way that completes what is between: that in which the last step went."""
    for change, before, after in zip(history.changes, history.done, now):
        if after not in (0, change.steps):
            return REDO if before == 0 else UNDO
    return UNDO


HISTORIES = Histories()
