"""What was tried for the last fill of a document, to step back and forth among."""

from dataclasses import replace
from typing import Any, Callable, List, NamedTuple, Optional, Tuple

from lacuna_wire import LacunaError, sentences
from lacuna_wire.editor import EditorSettings
from lacuna_wire.options import MAX_VARIATION

from .one_fill import Made, Placed, Wanted
from .translation import _

KEPT_BYTES = 256 << 20  # of pixels; older ones are computed again when they are wanted again

IsThere = Callable[[List[Any]], bool]


class TryAt(NamedTuple):
    """Which one of how many is in the picture."""

    index: int
    count: int


class _Try:
    """One of them, and every set of layers that has shown it: undo brings old ones back."""

    def __init__(self, made: Made) -> None:
        self.made = made
        self.places = [made.layer_ids]


class Tries:
    """What was made for one selection; the last fill of a document, and all in its place."""

    def __init__(self) -> None:
        self._tries: List[_Try] = []

    def begin(self, made: Made) -> None:
        """A new fill is there: forget what was tried for the one before."""
        self._tries = [_Try(made)]

    def add(self, made: Made) -> None:
        """Another try stands in the place of the last fill."""
        known = next((each for each in self._tries if each.made.settings == made.settings), None)
        if known is None:
            self._tries.append(_Try(made))
        else:
            known.made = made
            known.places.append(made.layer_ids)
        self._save_memory(made)

    def at(self, is_there: IsThere) -> Optional[TryAt]:
        """Return which one is in the picture; None if it is gone.

        Args:
            is_there: Tells whether all layers with these ids are there.
        """
        found = self._find(is_there)
        return found and TryAt(found[0], len(self._tries))

    def another(self, chosen: EditorSettings, is_there: IsThere) -> Tuple[EditorSettings, Wanted]:
        """Ask for what has not been tried yet.

        Raises:
            LacunaError: If the last fill is gone.
        """
        made = self._shown(is_there)[1]
        number = max(each.made.settings.options.variation for each in self._tries) + 1
        return with_variation(chosen, number % (MAX_VARIATION + 1)), Wanted(instead_of=made)

    def again(self, chosen: EditorSettings, is_there: IsThere) -> Tuple[EditorSettings, Wanted]:
        """Ask for the same try, with options that are chosen anew.

        Raises:
            LacunaError: If the last fill is gone.
        """
        made = self._shown(is_there)[1]
        settings = with_variation(chosen, made.settings.options.variation)
        return settings, Wanted(instead_of=made)

    def step(self, by: int, is_there: IsThere) -> Tuple[EditorSettings, Wanted]:
        """Ask for the one before (-1) or after (1); its pixels are known, unless too many were.

        Raises:
            LacunaError: If the last fill is gone.
        """
        index, made = self._shown(is_there)
        index = min(max(index + by, 0), len(self._tries) - 1)
        wanted = self._tries[index].made
        return wanted.settings, Wanted(instead_of=made, placed=wanted.placed)

    def _shown(self, is_there: IsThere) -> Tuple[int, Made]:
        found = self._find(is_there)
        if found is None:
            raise LacunaError(_(sentences.FILL_GONE))
        return found

    def _find(self, is_there: IsThere) -> Optional[Tuple[int, Made]]:
        for index, each in reversed(list(enumerate(self._tries))):
            for place in reversed(each.places):
                if is_there(place):
                    return index, each.made._replace(layer_ids=place)
        return None

    def _save_memory(self, latest: Made) -> None:
        kept = 0
        for each in reversed(self._tries):
            kept += _bytes_of(each.made.placed)
            if kept > KEPT_BYTES and each.made is not latest:
                each.made = each.made._replace(placed=None)


def with_variation(settings: EditorSettings, number: int) -> EditorSettings:
    return settings._replace(options=replace(settings.options, variation=number))


def _bytes_of(placed: Optional[Placed]) -> int:
    return sum(len(pixels) for _rect, pixels in placed.parts) if placed else 0
