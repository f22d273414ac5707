"""Keep the picture the active layer, and not its fill, so that the next selection works on it.

Krita makes every new layer the active one, a moment after it was added, and changes that only in
the document at which the user looks: so it is tried again and again.
"""

from typing import Any, List, Sequence

from lacuna_wire import LacunaError

from . import layers
from .qt import QObject, QTimer

LOOK_MS, TRIES = 40, 50
SOON = 3  # looks at what Krita has done already, but may tell with a delay


class ActiveLayerKeeper(QObject):
    """Works until Krita has done what it is asked for, or until that makes no sense any more."""

    def __init__(self, document: Any, wanted: str, unwanted: Sequence[str], looks: int) -> None:
        super().__init__()
        self.document = document
        self._wanted, self._unwanted = wanted, unwanted
        self._tries, self._is_settled = looks, False
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(LOOK_MS)

    def _look(self) -> None:
        self._tries -= 1
        if self._is_done() or (self._tries <= 0 and not self._is_settled):
            self._timer.stop()
            KEEPERS.remove(self)
            self.deleteLater()

    def _is_done(self) -> bool:
        try:
            layers.check_open(self.document)
        except LacunaError:
            return True
        wanted = layers.find_node(self.document, self._wanted)
        active = self.document.activeNode()
        if wanted is None:
            return True
        if active is None:
            return False
        if layers.id_of(active) in self._unwanted:
            self.document.setActiveNode(wanted)
            self._is_settled = True
            return False
        return self._is_settled or not self._unwanted


KEEPERS: List[ActiveLayerKeeper] = []  # that are at work


def keep_active(document: Any, wanted: str, unwanted: Sequence[str], looks: int = TRIES) -> None:
    """Make a layer the active one as soon as one of those that are unwanted has become it.

    Args:
        document: The user's.
        wanted: Id of the layer.
        unwanted: Ids of others.
        looks: After so many it is given up.
    """
    KEEPERS.append(ActiveLayerKeeper(document, wanted, unwanted, looks))
