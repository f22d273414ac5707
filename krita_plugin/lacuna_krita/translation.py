"""The user's language: what Krita shows its own menus in."""

from lacuna_wire.translation import find_catalogue

from .qt import QLocale

_catalogue = find_catalogue(QLocale().uiLanguages())


def _(text: str) -> str:
    """Return `text` in the user's language."""
    return _catalogue.gettext(text)
