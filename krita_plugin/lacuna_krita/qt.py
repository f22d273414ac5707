"""The names of Qt that the plug-in uses: from Qt 5 in Krita 5, from Qt 6 in Krita 6.

Krita is asked for it. A PyQt6 that is merely installed can be imported into Krita 5 as well, and
then timers never fire and the first widget ends Krita.
"""

import pykrita

QT6 = getattr(pykrita, "qt_major_version", lambda: 5)() >= 6

if QT6:
    from PyQt6.QtCore import QByteArray, QLocale, QObject, Qt, QTimer, pyqtSignal
    from PyQt6.QtGui import QIcon
    from PyQt6.QtWidgets import (
        QCheckBox,
        QComboBox,
        QFormLayout,
        QHBoxLayout,
        QLabel,
        QListView,
        QProgressBar,
        QPushButton,
        QSizePolicy,
        QSpinBox,
        QVBoxLayout,
        QWidget,
    )
else:
    from PyQt5.QtCore import QByteArray, QLocale, QObject, Qt, QTimer, pyqtSignal
    from PyQt5.QtGui import QIcon
    from PyQt5.QtWidgets import (
        QCheckBox,
        QComboBox,
        QFormLayout,
        QHBoxLayout,
        QLabel,
        QListView,
        QProgressBar,
        QPushButton,
        QSizePolicy,
        QSpinBox,
        QVBoxLayout,
        QWidget,
    )

__all__ = [
    "QByteArray",
    "QCheckBox",
    "QComboBox",
    "QFormLayout",
    "QHBoxLayout",
    "QIcon",
    "QLabel",
    "QListView",
    "QLocale",
    "QObject",
    "QProgressBar",
    "QPushButton",
    "QSizePolicy",
    "QSpinBox",
    "QTimer",
    "QVBoxLayout",
    "QWidget",
    "Qt",
    "pyqtSignal",
]
