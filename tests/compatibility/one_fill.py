"""One fill by the client of whatever version PYTHONPATH names; `connect` finds the daemon.

`one_fill.py IN OUT`: IN has what is asked for, as JSON, and beside it are `pixels` and `selection`
(raw bytes of the whole image); OUT gets the pixels, and what the client has seen is printed.
"""

import json
import sys
from pathlib import Path

from lacuna_wire import JobRequest
from lacuna_wire.client import connect, inpaint
from lacuna_wire.rect import Rect


def main() -> None:
    asked, out = Path(sys.argv[1]), Path(sys.argv[2])
    request = JobRequest.from_dict(json.loads(asked.read_text()))
    pixel_bytes = request.layout.pixel_bytes
    pixels = memoryview(asked.with_name("pixels").read_bytes())
    selection = memoryview(asked.with_name("selection").read_bytes())

    def read_window(window: Rect):
        for plane, size in ((pixels, pixel_bytes), (selection, 1)):
            for row in range(window.top, window.bottom):
                start = (row * request.width + window.left) * size
                yield plane[start : start + window.width * size]

    states = []
    rect, filled, *_more = inpaint(
        connect(), request, read_window, lambda status: states.append(status.state), lambda: False
    )
    out.write_bytes(filled)
    print(json.dumps({"rect": list(rect), "states": states}))


if __name__ == "__main__":
    main()
