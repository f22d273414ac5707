"""Time in which this process was awake, and limits that are counted in it.

A computer that sleeps, or a process that is stopped, has not been waited for: the worker, the
client and what they have written could not go on either. Clocks that run on in suspend (Windows)
would end every job at the moment at which the lid is opened.
"""

import asyncio
import time
from collections.abc import Callable
from types import TracebackType

TICK_S = 0.5
LATE_S = 1.0  # a tick that comes later than this was not late: we slept
LOOK_S = 0.1  # for what has come already and waits to be read, before a limit is over


class AwakeClock:
    """Seconds that go on only while this process does; without `tick`, the monotonic clock.

    Args:
        read: The clock underneath.
    """

    def __init__(self, read: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._slept_s = 0.0
        self._seen: float | None = None  # when it was last read, once it ticks

    def now(self) -> float:
        """Return the seconds, from wherever the clock underneath counts."""
        now = self._read()
        if self._seen is not None:
            late_s = now - self._seen - TICK_S
            if late_s > LATE_S:
                self._slept_s += late_s
            self._seen = now
        return now - self._slept_s

    async def tick(self) -> None:
        """Look at the clock so often that a sleep shows, for ever."""
        try:
            self._seen = self._read()
            while True:
                self.now()
                await asyncio.sleep(TICK_S)
        finally:
            self._seen = None

    def limit(self, limit_s: float) -> "Limit":
        """Return a block that raises `TimeoutError` when it takes longer than that."""
        return Limit(self, limit_s)

    def call_later(self, limit_s: float, call: Callable[[], None]) -> "Alarm":
        """Call something once so much time has passed, unless it is set anew or off before."""
        return Alarm(self, limit_s, call)


class Alarm:
    """A call that is due after some time awake.

    Args:
        clock: Says what time it is.
        limit_s: When, from now on.
        call: What.
    """

    def __init__(self, clock: AwakeClock, limit_s: float, call: Callable[[], None]) -> None:
        self._clock = clock
        self._limit_s = limit_s
        self._call = call
        self._looked = limit_s <= 0  # nothing may come any more
        self._due = clock.now() + limit_s
        self._timer = asyncio.get_running_loop().call_later(limit_s, self._look)

    def restart(self) -> None:
        """Count from now on."""
        self._due = self._clock.now() + self._limit_s
        self._looked = False

    def off(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        left_s = self._due - self._clock.now()
        if left_s <= 0:
            if self._looked:
                self._call()
                return
            # Both may be due at the same time: the limit, and what would have kept it.
            self._looked, left_s = True, LOOK_S
        self._timer = asyncio.get_running_loop().call_later(left_s, self._look)


class Limit:
    """`asyncio.timeout`, in time awake, and with a last look at what has come.

    Args:
        clock: Says what time it is.
        limit_s: How long the block may take, from its begin or from the last `restart`.
    """

    def __init__(self, clock: AwakeClock, limit_s: float) -> None:
        self._clock = clock
        self._limit_s = limit_s
        self._timeout = asyncio.timeout(None)

    async def __aenter__(self) -> "Limit":
        await self._timeout.__aenter__()
        self._alarm = self._clock.call_later(self._limit_s, self._end)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._alarm.off()
        await self._timeout.__aexit__(kind, error, traceback)

    def restart(self) -> None:
        """Count from now on."""
        self._alarm.restart()

    def _end(self) -> None:
        self._timeout.reschedule(0.0)  # which lies behind us
