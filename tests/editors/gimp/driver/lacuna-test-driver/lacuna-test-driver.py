#!/usr/bin/env python3
"""Runs inside GIMP, for tests alone: a remote control that a test holds in its hand.

GIMP starts it together with itself. The test leaves `call-0.py`, `call-1.py`, ... in a folder; each
is run with names that live as long as GIMP, and its last expression (or the variable `answer`) goes
back in `answer-N.json`; bytes do so in `answer-N.raw`.
"""

import json
import os
import sys
import traceback
from pathlib import Path

import gi
from evaluation import evaluate, write  # beside this file

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp, GLib  # noqa: E402, after its version is chosen

FOLDER = Path(os.environ["LACUNA_TEST_FOLDER"])
CALLS = FOLDER / "calls"
NAME = "plug-in-lacuna-test-driver"
POLL_MS = 10


class Driver(Gimp.PlugIn):
    def do_set_i18n(self, _name):
        return False

    def do_query_procedures(self):
        return [NAME]

    def do_create_procedure(self, name):
        # Persistent, and without arguments: GIMP runs it at the start and goes on when it is ready.
        return Gimp.Procedure.new(self, name, Gimp.PDBProcType.PERSISTENT, serve, None)


def serve(procedure, _config, _data):
    plug_in = procedure.get_plug_in()
    procedure.persistent_ready()
    sys.path.insert(0, str(FOLDER))
    names = {"Gimp": Gimp}
    number = 0
    while True:
        plug_in.persistent_process(POLL_MS)
        path = CALLS / f"call-{number}.py"
        if path.exists():
            answer = answer_to(path, names)
            if isinstance(answer.get("value"), bytes):
                write(CALLS / f"answer-{number}.raw", answer.pop("value"))
                answer["value"] = None
            write(CALLS / f"answer-{number}.json", json.dumps(answer).encode())
            number += 1
    return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, GLib.Error())


def answer_to(path, names):
    try:
        return {"value": evaluate(path, names)}
    except Exception:
        return {"error": traceback.format_exc()}


Gimp.main(Driver.__gtype__, sys.argv)
