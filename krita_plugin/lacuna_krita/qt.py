"""The names of Qt that the plug-in uses: from Qt 5 in Krita 5, from Qt 6 in Krita 6.

Krita is asked for it. A PyQt6 that is merely installed can be imported into Krita 5 as well, and
then timers never fire and the first widget ends Krita.
"""

import pykrita

QT6 = getattr(pykrita, "qt_major_version", lambda: 5)() >= 6

if QT6:
    from PyQt6.QtCore import QByteArray, QLocale, QObject, Qt, QTimer, QUrl, pyqtSignal
    from PyQt6.QtGui import QDesktopServices, QIcon
    from PyQt6.QtWidgets import (
        QCheckBox,
        QComboBox,
        QFormLayout,
        QFrame,
        QHBoxLayout,
        QLabel,
        QListView,
        QMenu,
        QProgressBar,
        QPushButton,
        QSizePolicy,
        QSpinBox,
        QToolButton,
        QVBoxLayout,
        QWidget,
    )
else:
    from PyQt5.QtCore import QByteArray, QLocale, QObject, Qt, QTimer, QUrl, pyqtSignal
    from PyQt5.QtGui import QDesktopServices, QIcon
    from PyQt5.QtWidgets import (
        QCheckBox,
        QComboBox,
        QFormLayout,
        QFrame,
        QHBoxLayout,
        QLabel,
        QListView,
        QMenu,
        QProgressBar,
        QPushButton,
        QSizePolicy,
        QSpinBox,
        QToolButton,
        QVBoxLayout,
        QWidget,
    )

__all__ = [
    "QByteArray",
    "QCheckBox",
    "QComboBox",
    "QDesktopServices",
    "QFormLayout",
    "QFrame",
    "QHBoxLayout",
    "QIcon",
    "QLabel",
    "QListView",
    "QLocale",
    "QMenu",
    "QObject",
    "QProgressBar",
    "QPushButton",
    "QSizePolicy",
    "QSpinBox",
    "QTimer",
    "QToolButton",
    "QUrl",
    "QVBoxLayout",
    "QWidget",
    "Qt",
    "pyqtSignal",
]
