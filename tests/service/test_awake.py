"""Limits in time awake: a sleep moves them, and what has come in time is looked at."""

import asyncio

import pytest

from lacuna.service.awake import LATE_S, LOOK_S, TICK_S, AwakeClock
from lacuna.service.logs import OnceAMinute


class Hands:
    """A clock that the test moves."""

    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


async def ticking(clock):
    task = asyncio.create_task(clock.tick())
    await asyncio.sleep(0)
    return task


async def test_time_goes_on_in_steps_and_stands_still_in_a_sleep():
    hands = Hands()
    clock = AwakeClock(hands)
    task = await ticking(clock)
    begun = clock.now()
    hands.now_s += TICK_S
    assert clock.now() - begun == pytest.approx(TICK_S)
    hands.now_s += 3600
    assert clock.now() - begun == pytest.approx(2 * TICK_S)
    hands.now_s += LATE_S  # a busy computer is late, too
    assert clock.now() - begun == pytest.approx(2 * TICK_S + LATE_S)
    task.cancel()


def test_clock_that_does_not_tick_is_the_one_underneath():
    hands = Hands()
    clock = AwakeClock(hands)
    hands.now_s += 3600
    assert clock.now() == hands.now_s


async def test_clock_never_goes_back():
    hands = Hands()
    clock = AwakeClock(hands)
    task = await ticking(clock)
    told = [clock.now()]
    for step in (0.0, 0.4, 1.4, 1.6, 0.1, 86_400, 0.5, 1.51, 1.49):
        hands.now_s += step
        told.append(clock.now())
    assert told == sorted(told)
    task.cancel()


async def test_limit_ends_what_takes_longer():
    with pytest.raises(TimeoutError):
        async with AwakeClock().limit(0.05):
            await asyncio.Event().wait()
    async with AwakeClock().limit(5) as limit:
        limit.restart()


async def test_limit_is_moved_by_a_sleep_and_holds_after_it():
    hands = Hands()
    clock = AwakeClock(hands)
    task = await ticking(clock)

    async def sleep_and_wait():
        async with clock.limit(TICK_S + 0.1):
            hands.now_s += 3600  # of which a tick counts
            await asyncio.sleep(TICK_S + 0.1 + 2 * LOOK_S)
            hands.now_s += 0.2
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await sleep_and_wait()
    assert hands.now_s == pytest.approx(3700.2)  # not before
    task.cancel()


async def test_what_has_come_when_the_limit_is_over_is_taken():
    """The timer and the message are due in the same turn of the loop, as after a sleep."""
    loop = asyncio.get_running_loop()
    message = loop.create_future()
    async with AwakeClock().limit(0.05):
        loop.call_later(0.05 + LOOK_S / 2, message.set_result, "in time")
        assert await message == "in time"


async def test_limit_of_nothing_has_no_last_look():
    """A worker that reports without a pause would go on for ever after its time."""
    loop = asyncio.get_running_loop()
    message = loop.create_future()
    loop.call_later(LOOK_S / 2, message.set_result, "too late")
    with pytest.raises(TimeoutError):
        async with AwakeClock().limit(0.0):
            await message


def test_line_a_minute_has_a_count_and_none_is_lost(monkeypatch):
    hands, lines = Hands(), []
    monkeypatch.setattr("time.monotonic", hands)
    often = OnceAMinute(
        type("Logger", (), {"warning": lambda self, *said: lines.append(said[0] % said[1:])})(),
        "refused",
    )
    for _ in range(1000):
        often.note("Too many open files")
        often.say()
    hands.now_s += 61
    often.note("other")
    often.say()
    often.say()

    assert lines == ["refused: 1 Too many open files", "refused: 999 Too many open files, 1 other"]
