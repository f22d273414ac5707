"""What the user reads in an editor, in the user's language where somebody has translated it.

Translations are gettext catalogues, `locale/LANGUAGE/LC_MESSAGES/lacuna.mo` beside this file, one
for both editors; without one the text is English. A catalogue has the texts that stand between `_(`
and `)` in the plug-ins, those of `sentences.py`, `refusals.py` and `numbers.py`, and what an editor
shows of `options.py`. `translations/` at the top of a checkout has them to be edited. What the
daemon says is English; of what it refuses, `refusals.py` has the sentences of the editors.
"""

import gettext
import os
from pathlib import Path
from typing import Collection, List, Optional

DOMAIN = "lacuna"
LOCALE = Path(__file__).parent / "locale"
ENGLISH = "en"  # what the program is written in


def find_catalogue(languages: Optional[List[str]] = None) -> gettext.NullTranslations:
    """Return the catalogue of the first language that there is one for.

    Args:
        languages: As Qt names them, the best first: `de-CH`, `de`. None for what the environment
            says.
    """
    there = {path.parents[1].name for path in LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")}
    language = choose_language(languages, there)
    return gettext.translation(DOMAIN, str(LOCALE), [language], fallback=True)


def choose_language(languages: Optional[List[str]], there: Collection[str]) -> str:
    """Return the first language that is there, or English.

    Args:
        languages: As of `find_catalogue`.
        there: Names of folders.

    >>> choose_language(["fr-FR", "zh-Hans-CN", "de"], {"de", "zh_CN"})
    'zh_CN'
    >>> choose_language(["en-GB", "de"], {"de", "zh_CN"})
    'en'
    """
    for name in _languages_of_environment() if languages is None else languages:
        found = _folder_of(name)
        if found == ENGLISH or found in there:
            return found
    return ENGLISH


def _folder_of(name: str) -> str:
    """Return the folder of a language, of which one serves all countries.

    >>> [_folder_of(name) for name in ("de_CH.UTF-8", "zh-Hans", "zh_TW", "zh-Hant-CN")]
    ['de', 'zh_CN', 'zh_TW', 'zh_TW']
    """
    parts = name.partition(".")[0].partition("@")[0].replace("-", "_").split("_")
    if parts[0] != "zh":
        return parts[0]
    # Two scripts: who reads one may not read the other.
    return "zh_TW" if {"Hant", "TW", "HK", "MO"} & set(parts) else "zh_CN"


def _languages_of_environment() -> List[str]:
    """Return what gettext reads: GIMP says its own language to its plug-ins there."""
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(variable):
            return os.environ[variable].split(":")
    return []
