"""Runs inside Krita, for tests alone: a remote control that a test holds in its hand.

The test leaves `call-0.py`, `call-1.py`, ... in a folder. Each is run on Krita's main thread with
names that live as long as Krita, and its last expression (or the variable `answer`) goes back in
`answer-N.json`. A generator may `yield` milliseconds to let Krita go on; what it returns is the
answer.
"""

import faulthandler
import json
import os
import sys
import time
import traceback
from pathlib import Path
from types import GeneratorType

import krita
import pykrita

from .evaluation import evaluate, write

# Asking Krita is the only way: the other Qt may be installed too, and does nothing here.
if getattr(pykrita, "qt_major_version", lambda: 5)() >= 6:
    from PyQt6 import QtCore, QtGui, QtWidgets
else:
    from PyQt5 import QtCore, QtGui, QtWidgets

CALLS = Path(os.environ["LACUNA_TEST_FOLDER"]) / "calls"
POLL_MS = 10
BEAT_MS = 5


def tick(milliseconds, slot):
    """Call `slot` from the event loop again and again, as punctually as Qt can."""
    timer = QtCore.QTimer()
    timer.setTimerType(QtCore.Qt.TimerType.PreciseTimer)
    timer.timeout.connect(slot)
    timer.start(milliseconds)
    return timer


class Heart:
    """Beats while Krita's event loop runs: its longest pause is how long a click had to wait."""

    def __init__(self):
        self.reset()
        self.timer = tick(BEAT_MS, self.beat)

    def reset(self):
        self.last_s = time.monotonic()
        self.longest_ms = 0.0

    def beat(self):
        now_s = time.monotonic()
        self.longest_ms = max(self.longest_ms, (now_s - self.last_s) * 1000)
        self.last_s = now_s


class Driver(krita.Extension):
    """Looks for calls, and collects what goes wrong outside of them."""

    def __init__(self, parent):
        super().__init__(parent)
        self.number = 0
        self.uncaught = []

    def setup(self):
        faulthandler.enable((CALLS / "fault.log").open("w"))
        self.heart = Heart()
        self.names = {
            **{name: value for name, value in vars(krita).items() if not name.startswith("_")},
            "krita": krita.Krita.instance(),
            "documents": krita.Krita.instance().documents,
            "heart": self.heart,
            "uncaught": self.uncaught,
            "QtCore": QtCore,
            "QtGui": QtGui,
            "QtWidgets": QtWidgets,
        }
        self.timer = tick(POLL_MS, self.poll)

    def createActions(self, window):  # noqa: N802 (Krita calls it by this name)
        # Krita's own hook opens a modal dialog, for which nobody is there.
        sys.excepthook = self.collect

    def collect(self, *exception):
        self.uncaught.append("".join(traceback.format_exception(*exception)))

    def poll(self):
        path = CALLS / f"call-{self.number}.py"
        if not path.exists():
            return
        number = self.number
        self.number += 1  # first: some calls let the event loop run, and with it this timer
        try:
            value = evaluate(path, self.names)
        except Exception:
            self.fail(number)
        else:
            self.finish(number, value)

    def finish(self, number, value):
        """Answer with a value, or with what a generator will return."""
        if isinstance(value, GeneratorType):
            self.go_on(number, value)
            return
        if isinstance(value, QtCore.QByteArray):
            value = bytes(value)
        try:
            if isinstance(value, bytes):
                write(CALLS / f"answer-{number}.raw", value)
                value = None
            self.answer(number, {"value": value})
        except Exception:
            self.fail(number)

    def go_on(self, number, generator):
        try:
            pause_ms = next(generator)
        except StopIteration as end:
            self.finish(number, end.value)
        except Exception:
            self.fail(number)
        else:
            QtCore.QTimer.singleShot(int(pause_ms), lambda: self.go_on(number, generator))

    def fail(self, number):
        self.answer(number, {"error": traceback.format_exc()})

    def answer(self, number, fields):
        write(CALLS / f"answer-{number}.json", json.dumps(fields).encode())


krita.Krita.instance().addExtension(Driver(krita.Krita.instance()))
