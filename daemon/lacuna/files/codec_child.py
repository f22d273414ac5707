"""The process in which `apart` decodes: `python -m lacuna.files.codec_child FORMAT PATH`."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from lacuna_wire.errors import LacunaError

from . import avif, bmp, gif, heic, jpeg2000, jpegxl, pnm
from .apart import Foreign, answer_of

_DECODERS: dict[str, Callable[[bytes], Foreign]] = {
    "AVIF": avif.decode,
    "BMP": bmp.decode,
    "GIF": gif.decode,
    "HEIC": heic.decode,
    "JPEG 2000": jpeg2000.decode,
    "JPEG XL": jpegxl.decode,
    "PNM": pnm.decode,
}


def main(name: str, path: str) -> int:
    try:
        found = _DECODERS[name](Path(path).read_bytes())
        sys.stdout.buffer.writelines(answer_of(found))
    except LacunaError as refusal:
        holds, _, instead = str(refusal).partition(". ")
        _say({"unsupported": [holds, instead.removesuffix(".")]})
    except MemoryError:
        _say({"error": "MemoryError"})
    except Exception as error:  # whatever a codec raises for the data
        line = str(error).strip().partition("\n")[0].rstrip(".")[:160]
        _say({"error": line or type(error).__name__})
    return 0


def _say(what: dict[str, object]) -> None:
    sys.stdout.buffer.write(json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
