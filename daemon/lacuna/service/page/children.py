"""Commands of this program that the page runs: each in a process of its own, which ends with us."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from lacuna.system.ties import tie, tied_options
from lacuna_wire import LacunaError

MAX_LINE_BYTES = 1 << 20
PREFIX = "lacuna: "  # of the sentence with which a command fails


@asynccontextmanager
async def child(program: Sequence[str], *words: str) -> AsyncIterator[Process]:
    """Run a command; whatever ends the block ends its process.

    Raises:
        LacunaError: `not_started` if there is no such program.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *program, *words, stdin=DEVNULL, stdout=PIPE, stderr=PIPE,
            limit=MAX_LINE_BYTES, **tied_options(),
        )  # fmt: skip
        tie(process.pid)
    except (OSError, IndexError, TypeError) as error:
        raise LacunaError(
            f"`lacuna {' '.join(words)}` cannot be started: {error}.", code="not_started"
        ) from error
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def failure(printed: bytes, words: str, code: int | None) -> str:
    """Return the sentence with which a command has failed.

    Args:
        printed: What it wrote for people.
        words: What was run.
        code: With which it ended.
    """
    lines = printed.decode("utf-8", "replace").split("\n")
    said = [line.removeprefix(PREFIX) for line in lines if line.startswith(PREFIX)]
    return said[-1].strip() if said else f"`lacuna {words}` ended with code {code}."
