"""Where the daemon's log goes: to the journal, to the terminal, or to three files of 1 MiB.

Neither tokens nor pixels nor queries are ever logged.
"""

import logging
import logging.handlers
import os
import sys
import time
from collections import Counter
from pathlib import Path

FILE_BYTES = 1 << 20
OLD_FILES = 2
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
BAD_REQUESTS_PER_MINUTE = 20
MINUTE_S = 60.0


def log_file(folder: Path) -> Path:
    return folder / "daemon.log"


def start_log(folder: Path, foreground: bool) -> None:
    """Send the log of this process to where its user will look for it."""
    logging.raiseExceptions = False  # a full disk must not stop a job
    if foreground or "JOURNAL_STREAM" in os.environ:
        handler: logging.Handler = logging.StreamHandler(sys.stderr)
    else:
        handler = logging.handlers.RotatingFileHandler(
            log_file(folder), maxBytes=FILE_BYTES, backupCount=OLD_FILES, encoding="utf-8"
        )
    handler.setFormatter(logging.Formatter(FORMAT))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    logging.getLogger("aiohttp.server").addFilter(OneLine())


class OneLine(logging.Filter):
    """Cut aiohttp's report of a bad request down to one line, and limit their number."""

    def __init__(self) -> None:
        super().__init__()
        self._minute = 0
        self._count = 0

    def filter(self, record: logging.LogRecord) -> bool:
        minute = int(time.monotonic() // MINUTE_S)
        if minute != self._minute:
            left_out, self._minute, self._count = self._count, minute, 0
            if left_out > BAD_REQUESTS_PER_MINUTE:
                more = left_out - BAD_REQUESTS_PER_MINUTE
                record.msg = f"{more} more lines like this were left out; now: {record.msg}"
        self._count += 1
        if record.exc_info and record.exc_info[1] is not None:
            record.msg = f"{record.msg} ({type(record.exc_info[1]).__name__})"
        record.exc_info = record.exc_text = None
        return self._count <= BAD_REQUESTS_PER_MINUTE


class OnceAMinute:
    """Says what may happen often in one line a minute, with a count.

    Args:
        logger: Where to.
        what: What is counted, for the line.
    """

    def __init__(self, logger: logging.Logger, what: str) -> None:
        self._logger = logger
        self._what = what
        self._counts: Counter[str] = Counter()
        self._next_s = 0.0

    def note(self, reason: str) -> None:
        """Count one more; `reason` is one of a few texts."""
        self._counts[reason] += 1

    def say(self) -> None:
        """Write what there is to say, unless it is too early; to be called every second or so."""
        now = time.monotonic()
        if not self._counts or now < self._next_s:
            return
        self._next_s = now + MINUTE_S
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in self._counts.items())
        self._logger.warning("%s: %s", self._what, reasons)
        self._counts.clear()
