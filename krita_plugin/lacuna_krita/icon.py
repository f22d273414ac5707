"""Lacuna's own drawing, for its docker and its menu."""

from pathlib import Path

from krita import Krita

import lacuna_wire

from .qt import QIcon

DRAWING = Path(lacuna_wire.__file__).parent / "icons" / "lacuna.svg"
MENU_PX = 16


def lacuna_icon() -> QIcon:
    """Return the icon; where Qt cannot read SVG, Krita's own of a tool that is alike."""
    icon = QIcon(str(DRAWING))
    drawn = not icon.pixmap(MENU_PX, MENU_PX).isNull()
    return icon if drawn else Krita.instance().icon("krita_tool_smart_patch")
