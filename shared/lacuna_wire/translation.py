"""What the user reads in an editor, in the user's language where somebody has translated it.

Translations are gettext catalogues, `locale/LANGUAGE/LC_MESSAGES/lacuna.mo` beside this file, one
for both editors; without one the text is English. A catalogue has the texts that stand between `_(`
and `)` in the plug-ins, those of `sentences.py`, and the labels and sentences of `options.py`. What
the daemon says is English everywhere.
"""

import gettext
from pathlib import Path
from typing import List, Optional

DOMAIN = "lacuna"
LOCALE = Path(__file__).parent / "locale"


def find_catalogue(languages: Optional[List[str]] = None) -> gettext.NullTranslations:
    """Return the catalogue of the first language that there is one for.

    Args:
        languages: As Qt names them, the best first: `de-CH`, `de`. None for what the environment
            says, as gettext reads it.
    """
    names = None if languages is None else [name.replace("-", "_") for name in languages]
    return gettext.translation(DOMAIN, str(LOCALE), names, fallback=True)
