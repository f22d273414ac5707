"""Feed the parsers of what comes over the wire with bytes that atheris grows from what they do.

`fuzz_parsers.py -max_total_time=60`: ends with code 0 if nothing but a LacunaError was raised.
"""

import json
import sys
from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["lacuna_wire", "lacuna.service"]):
    from lacuna.service import bodies, handlers
    from lacuna_wire import JobRequest, JobStatus, LacunaError
    from lacuna_wire.client import _rect_header
    from lacuna_wire.errors import error_from_dict
    from lacuna_wire.messages import JobEstimate

PARSERS = (JobRequest.from_dict, JobStatus.from_dict, JobEstimate.from_dict, error_from_dict)


def try_bytes(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    with suppress(LacunaError):
        _rect_header(text)
    with suppress(LacunaError):
        handlers._number({"wait": text}, "wait", 60.0)
    handlers._NONCE.fullmatch(text)
    try:
        message = json.loads(
            text, object_pairs_hook=bodies._once, parse_constant=bodies._no_constant
        )
    except (ValueError, RecursionError):
        return
    for parse in PARSERS:
        with suppress(LacunaError):
            parse(message)


def main() -> None:
    atheris.Setup(sys.argv, try_bytes)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
