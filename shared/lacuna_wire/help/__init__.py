"""The help that is installed with the plug-ins: one page in each language, with pictures.

`benchmarks/help_pictures.py` has drawn them.
"""

from pathlib import Path
from typing import List, Optional

from ..translation import choose_language

FOLDER = Path(__file__).resolve().parent


def page(languages: Optional[List[str]] = None) -> Path:
    """Return the page in the first language that there is one in, or in English.

    Args:
        languages: As Qt names them, the best first: `de-CH`, `de`. None for what the environment
            says.
    """
    there = {path.parent.name for path in FOLDER.glob("*/index.html")}
    return FOLDER / choose_language(languages, there) / "index.html"
