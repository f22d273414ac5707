"""What was tried for the fills of a document, to step back and forth among."""

from dataclasses import replace
from typing import Any, Callable, List, NamedTuple, Optional, Tuple

from lacuna_wire import LacunaError, sentences
from lacuna_wire.editor import EditorSettings
from lacuna_wire.options import MAX_VARIATION

from .one_fill import Made, Wanted
from .translation import _

KEPT_BYTES = 256 << 20  # of pixels; older ones are computed again when they are wanted again
KEPT_FILLS = 20  # for which another try can be asked when those after them were undone

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
    """What was made for each selection of a document: all that took the place of one fill.

    The newest fill that is in the picture counts as the last one: undo takes back those after it.
    """

    def __init__(self) -> None:
        self._fills: List[List[_Try]] = []
        self._asked: List[_Try] = []  # for which something else is being made

    def begin(self, made: Made) -> None:
        """A new fill is there."""
        self._fills.append([_Try(made)])
        self._save_memory(made)

    def add(self, made: Made) -> None:
        """Another try stands in the place of the fill for which it was asked last."""
        tries = self._asked
        known = next((each for each in tries if each.made.settings == made.settings), None)
        if known is None:
            tries.append(_Try(made))
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
        return found and TryAt(found[1], len(found[0]))

    def another(self, chosen: EditorSettings, is_there: IsThere) -> Tuple[EditorSettings, Wanted]:
        """Ask for what has not been tried yet.

        Raises:
            LacunaError: If the last fill is gone.
        """
        tries, _index, made = self._shown(is_there)
        number = max(each.made.settings.options.variation for each in tries) + 1
        return with_variation(chosen, number % (MAX_VARIATION + 1)), Wanted(instead_of=made)

    def again(self, chosen: EditorSettings, is_there: IsThere) -> Tuple[EditorSettings, Wanted]:
        """Ask for the same try, with options that are chosen anew.

        Raises:
            LacunaError: If the last fill is gone.
        """
        made = self._shown(is_there)[2]
        settings = with_variation(chosen, made.settings.options.variation)
        return settings, Wanted(instead_of=made)

    def step(self, by: int, is_there: IsThere) -> Tuple[EditorSettings, Wanted]:
        """Ask for the one before (-1) or after (1); its pixels are known, unless too many were.

        Raises:
            LacunaError: If the last fill is gone.
        """
        tries, index, made = self._shown(is_there)
        wanted = tries[min(max(index + by, 0), len(tries) - 1)].made
        return wanted.settings, Wanted(instead_of=made, placed=wanted.placed)

    def _shown(self, is_there: IsThere) -> Tuple[List[_Try], int, Made]:
        found = self._find(is_there)
        if found is None:
            raise LacunaError(_(sentences.FILL_GONE))
        self._asked = found[0]
        return found

    def _find(self, is_there: IsThere) -> Optional[Tuple[List[_Try], int, Made]]:
        for tries in reversed(self._fills):
            for index, each in reversed(list(enumerate(tries))):
                for place in reversed(each.places):
                    if is_there(place):
                        return tries, index, each.made._replace(layer_ids=place)
        return None

    def _save_memory(self, latest: Made) -> None:
        kept = 0
        for tries in reversed(self._fills):
            for each in reversed(tries):
                kept += _bytes_of(each.made)
                if kept > KEPT_BYTES and each.made is not latest:
                    each.made = each.made._replace(placed=None)
        while len(self._fills) > 1 and (
            len(self._fills) > KEPT_FILLS or sum(map(_bytes_before, self._fills)) > KEPT_BYTES
        ):
            del self._fills[0]


def with_variation(settings: EditorSettings, number: int) -> EditorSettings:
    return settings._replace(options=replace(settings.options, variation=number))


def _bytes_of(made: Made) -> int:
    return sum(len(pixels) for _rect, pixels in made.placed.parts) if made.placed else 0


def _bytes_before(tries: List[_Try]) -> int:
    return sum(len(kept.pixels) for each in tries for kept in each.made.before)
