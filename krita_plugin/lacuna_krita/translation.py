"""What the user reads, in the user's language where somebody has translated it.

Translations are gettext catalogues, `locale/LANGUAGE/LC_MESSAGES/lacuna_krita.mo`; without one the
text is English. What the daemon and `lacuna_wire` say is English everywhere.
"""

import gettext
from pathlib import Path

from .qt import QLocale

_catalogue = gettext.translation(
    "lacuna_krita",
    localedir=str(Path(__file__).parent / "locale"),
    languages=[name.replace("-", "_") for name in QLocale().uiLanguages()],
    fallback=True,
)


def _(text: str) -> str:
    """Return `text` in the user's language."""
    return _catalogue.gettext(text)
