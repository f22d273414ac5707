"""Lacuna inside Krita: reads the selection's surroundings, asks the daemon, adds a layer.

Krita imports this package once, before it has a window, and asks the extension for its action and
the factory for its docker in every window.
"""

import sys
from pathlib import Path

# `lacuna_wire` is copied in here when the plug-in is installed.
sys.path.insert(0, str(Path(__file__).resolve().parent / "_vendor"))

from krita import DockWidgetFactory, DockWidgetFactoryBase, Krita

from .extension import LacunaExtension
from .panel import DOCKER, LacunaDocker

_krita = Krita.instance()
_krita.addExtension(LacunaExtension(_krita))
_krita.addDockWidgetFactory(
    DockWidgetFactory(DOCKER, DockWidgetFactoryBase.DockPosition.DockRight, LacunaDocker)
)
