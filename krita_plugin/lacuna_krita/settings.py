"""What the user chose in the docker; Krita keeps it with its own settings, in `kritarc`."""

from typing import Any

from krita import Krita

from lacuna_wire import Options
from lacuna_wire.editor import EditorSettings
from lacuna_wire.options import MAX_GROW

GROUP = "lacuna"
_YES, _NO = "true", "false"


def load() -> EditorSettings:
    """Return what was chosen last; what makes no sense counts as not chosen."""
    default = Options()
    options = Options(
        grow=_pixels("grow", default.grow),
        feather=_pixels("feather", default.feather),
        weights=_read("weights", default.weights),
        colour_correction=_read("match_colours", _YES) == _YES,
    )
    return EditorSettings(_read("visible", _NO) == _YES, options)


def save(settings: EditorSettings) -> None:
    """Remember what was chosen, also when Krita is closed."""
    _write("grow", settings.options.grow)
    _write("feather", settings.options.feather)
    _write("visible", _YES if settings.visible else _NO)
    _write("weights", settings.options.weights)
    _write("match_colours", _YES if settings.options.colour_correction else _NO)


def is_first_run() -> bool:
    """Tell once in the life of a `kritarc` that this is the first run."""
    first = _read("has_run", _NO) == _NO
    if first:
        _write("has_run", _YES)
    return first


def _pixels(name: str, default: int) -> int:
    try:
        return min(max(int(_read(name, str(default))), 0), MAX_GROW)
    except ValueError:
        return default


def _read(name: str, default: str) -> str:
    return str(Krita.instance().readSetting(GROUP, name, default))


def _write(name: str, value: Any) -> None:
    Krita.instance().writeSetting(GROUP, name, str(value))
