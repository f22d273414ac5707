"""Write down what client and daemon of 0.1.0 say to each other: `record.py FOLDER`.

Both are taken from their commit and run as they were, network and all. The files in `recorded` were
made by it. They stay as they are for as long as 0.1.0 is supported.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from tests.compatibility.programs import COMMIT, end, first


def main() -> None:
    folder = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as place:
        program, state = first(Path(place, "code")), Path(place, "state")
        state.mkdir(mode=0o700)
        daemon = program.serve(state)
        try:
            said = program.run(Path(__file__).with_name("talk.py"), state)
            endpoint = json.loads((state / "endpoint.json").read_text())
        finally:
            end(daemon)
    for name, exchanges in json.loads(said).items():
        recorded = {"version": "0.1.0", "commit": COMMIT, "endpoint": endpoint}
        text = json.dumps({**recorded, "exchanges": exchanges}, indent=1)
        (folder / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    os.umask(0o022)
    main()
