"""Which letter of a label is its key, so that no two labels of one window share a key.

Chosen when the window opens: GIMP's own buttons stand in it too, in GIMP's own translation.
"""

from typing import Iterable, List, NamedTuple


class Label(NamedTuple):
    """A text of a window that has a key: in English, and as the user reads it."""

    english: str
    shown: str


def with_mnemonics(labels: Iterable[Label], taken: Iterable[str] = ()) -> List[str]:
    """Return the labels for GTK, with `_` before the letter that is the key.

    A label in a script that no key writes gets a letter of its English text behind it, as GIMP
    does it in such languages. A label for which no letter is left has no key.

    Args:
        labels: The most important first.
        taken: Letters that are keys already.

    >>> with_mnemonics([Label("Grow", "Grow"), Label("Guide", "Guide"), Label("Go", "去")], "d")
    ['_Grow', 'G_uide', '去(_O)']
    """
    free = set("abcdefghijklmnopqrstuvwxyz").difference(letter.lower() for letter in taken)
    return [_with_mnemonic(label, free) for label in labels]


def _with_mnemonic(label: Label, free: set) -> str:
    """Return one label for GTK, and take its letter away from those that are free."""
    place = _find_key(label.shown, free)
    if place >= 0:
        free.discard(label.shown[place].lower())
        return f"{_plain(label.shown[:place])}_{_plain(label.shown[place:])}"
    writable = any(letter.isascii() and letter.isalpha() for letter in label.shown)
    place = -1 if writable else _find_key(label.english, free)
    if place < 0:
        return _plain(label.shown)
    letter = label.english[place]
    free.discard(letter.lower())
    return f"{_plain(label.shown)}(_{letter.upper()})"


def _find_key(text: str, free: set) -> int:
    """Return where in a text its key stands: first letters of words before others; or -1."""
    places = [place for place, letter in enumerate(text) if letter.lower() in free]
    return min(places, key=lambda place: text[place - 1 : place].isalnum(), default=-1)


def _plain(text: str) -> str:
    """Return a text in which GTK sees no key."""
    return text.replace("_", "__")
