"""What the user chose in the docker. Krita keeps it with its own settings, in `kritarc`."""

import json
from typing import Any

from krita import Krita

from lacuna_wire.choices import kept_settings, settings_to_keep
from lacuna_wire.editor import EditorSettings

GROUP = "lacuna"
# Option -> its name in the kritarc of Lacuna 0.1.0.
FORMER_NAMES = {"colour_correction": "match_colours"}


def load() -> EditorSettings:
    """Return what was chosen last; what is impossible counts as not chosen."""
    kept = {}
    for name, default in settings_to_keep(EditorSettings()).items():
        text = _read(name) or _read(FORMER_NAMES.get(name, name))
        value = text if isinstance(default, str) else _parse(text)
        if value not in ("", None):
            kept[name] = value
    return kept_settings(kept)


def save(settings: EditorSettings) -> None:
    """Remember what was chosen, also after Krita is closed."""
    for name, value in settings_to_keep(settings).items():
        _write(name, value if isinstance(value, str) else json.dumps(value))


def is_first_run() -> bool:
    """Tell once in the life of a `kritarc` that this is the first run."""
    first = _read("has_run") != "true"
    if first:
        _write("has_run", "true")
    return first


def is_unfolded() -> bool:
    """Tell whether the rarely used options were last seen."""
    return _read("unfolded") == "true"


def keep_unfolded(unfolded: bool) -> None:
    """Remember whether the rarely used options are seen."""
    _write("unfolded", json.dumps(unfolded))


def _parse(text: str) -> Any:
    """Return the number or flag that a text of `kritarc` says, or None."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _read(name: str) -> str:
    return str(Krita.instance().readSetting(GROUP, name, ""))


def _write(name: str, text: str) -> None:
    Krita.instance().writeSetting(GROUP, name, text)
