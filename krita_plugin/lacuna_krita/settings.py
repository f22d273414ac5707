"""What the user chose in the docker; Krita keeps it with its own settings, in `kritarc`."""

from typing import Any

from krita import Krita

from lacuna_wire.editor import Settings
from lacuna_wire.messages import MAX_GROW

GROUP = "lacuna"
_YES, _NO = "true", "false"


def load() -> Settings:
    """Return what was chosen last; what makes no sense counts as not chosen."""
    default = Settings()
    return Settings(
        grow=_pixels("grow", default.grow),
        feather=_pixels("feather", default.feather),
        visible=_read("visible", _NO) == _YES,
        weights=_read("weights", default.weights),
        colour_correction=_read("match_colours", _YES) == _YES,
    )


def save(settings: Settings) -> None:
    """Remember what was chosen, also when Krita is closed."""
    _write("grow", settings.grow)
    _write("feather", settings.feather)
    _write("visible", _YES if settings.visible else _NO)
    _write("weights", settings.weights)
    _write("match_colours", _YES if settings.colour_correction else _NO)


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
