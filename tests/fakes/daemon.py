"""A real daemon whose limits, spool and worker the tests choose; everything else is the product's.

Run as a script: `daemon.py SETTINGS FOLDER [WORKER ARGUMENTS...]`, SETTINGS a JSON object.
"""

import dataclasses
import json
import sys
from pathlib import Path

from lacuna.service.forecast import JobPlan
from lacuna.service.serve import new_settings, serve
from lacuna_wire import JobRequest, LacunaError
from lacuna_wire.errors import Unprocessable

HERE = Path(__file__).parent
CONTEXT = 16
REFUSED_WIDTH = 13


def plan(request: JobRequest) -> JobPlan:
    if request.selection.width == REFUSED_WIDTH:
        raise Unprocessable("Nothing is known around the selection.", code="no_context")
    return JobPlan(request.selection.grow(CONTEXT).intersect(request.image), tiles=4)


def main() -> int:
    settings_json, folder, *worker_arguments = sys.argv[1:]
    changes = json.loads(settings_json)
    port = changes.pop("port", 0)
    command = changes.pop("worker_command", [sys.executable, str(HERE / "worker.py")])
    names = changes.pop("weights", ["stand-in"])
    changes["weights"] = lambda: names
    settings = dataclasses.replace(new_settings(300.0, "auto"), **changes)
    launch = [sys.executable, *sys.argv]
    try:
        return serve(
            plan, [*command, *worker_arguments], launch, settings, port, folders=[Path(folder)]
        )
    except LacunaError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
