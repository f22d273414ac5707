"""Where the daemon's log goes: to the journal, to the terminal, or to three files of 1 MiB.

Neither tokens nor pixels nor queries are ever logged.
"""

import logging
import logging.handlers
import os
import sys
import time
from pathlib import Path

FILE_BYTES = 1 << 20
OLD_FILES = 2
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
BAD_REQUESTS_PER_MINUTE = 20


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
        minute = int(time.monotonic() // 60)
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
