"""The user's language: GIMP says it to its plug-ins in the environment."""

from lacuna_wire.translation import find_catalogue

_catalogue = find_catalogue()


def _(text: str) -> str:
    """Return `text` in the user's language."""
    return _catalogue.gettext(text)
