"""What the user reads, in the user's language where somebody has translated it.

Translations are gettext catalogues, `locale/LANGUAGE/LC_MESSAGES/lacuna_krita.mo`; without one the
text is English. A catalogue has the texts that stand between `_(` and `)` in here, those of
`lacuna_wire/sentences.py`, which both editors say, and the labels and sentences of
`lacuna_wire/options.py`: docs/krita.md shows how they are gathered. What else `lacuna_wire` and the
daemon say is English everywhere.
"""

import gettext
from pathlib import Path
from typing import List

from .qt import QLocale


def find_catalogue(languages: List[str]) -> gettext.NullTranslations:
    """Return the catalogue of the first language that there is one for.

    Args:
        languages: As Qt names them, the best first: `de-CH`, `de`.
    """
    return gettext.translation(
        "lacuna_krita",
        localedir=str(Path(__file__).parent / "locale"),
        languages=[name.replace("-", "_") for name in languages],
        fallback=True,
    )


_catalogue = find_catalogue(QLocale().uiLanguages())


def _(text: str) -> str:
    """Return `text` in the user's language."""
    return _catalogue.gettext(text)
