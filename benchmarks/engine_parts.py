"""Where the engine's time goes: its steps, each timed without what it calls of the others.

As a script it is the daemon's worker, the real one, which appends the times of every order to a
file: `python -m benchmarks.engine_parts FILE`.
"""

import json
import pkgutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from pathlib import Path
from typing import Any
from unittest import mock

# Step -> functions, by the names under which they are called.
STEPS = {
    "masks and plan": (
        "lacuna.filler.regions_of",
        "lacuna.filler.plan_fill",
        "benchmarks.workbench.plan_document",
        "lacuna.engine.inpaint.unpack_hole",
    ),
    "levels": ("lacuna.engine.inpaint.build_levels",),
    "composite": (
        "lacuna.engine.inpaint.composite",
        "lacuna.engine.tiling.fill.correct_colours",
    ),
    "conversion": (
        "lacuna.engine.pixels.document.image_from_samples",
        "lacuna.engine.pixels.composite.samples_from_image",
    ),
}
COMPLETIONS = ("lacuna.engine.inpaint.complete_window", "lacuna.engine.inpaint.show_rim")
BLEND = "lacuna.engine.tiling.fill.blend_tiles"
NETWORKS = (
    "lacuna.network.tile_network.TileNetwork.fill_all",
    "benchmarks.workbench.CompletionAlone.fill_all",
)
REST = "all else"


class Stopwatch:
    """Charges every moment to the step that is at work: the innermost one.

    Attributes:
        clock: Seconds of the clock for each step.
        processor: Processor seconds of this process, all its threads together.
    """

    def __init__(self) -> None:
        self.clock: Counter[str] = Counter()
        self.processor: Counter[str] = Counter()
        self._steps = [REST]
        self._since = time.perf_counter(), time.process_time()

    def restart(self) -> None:
        self._charge()
        self.clock.clear()
        self.processor.clear()

    def stop(self) -> tuple[dict[str, float], dict[str, float]]:
        """Return seconds of the clock and of the processor, for each step since the start."""
        self._charge()
        return dict(self.clock), dict(self.processor)

    def _charge(self) -> None:
        now = time.perf_counter(), time.process_time()
        self.clock[self._steps[-1]] += now[0] - self._since[0]
        self.processor[self._steps[-1]] += now[1] - self._since[1]
        self._since = now

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self._charge()
        self._steps.append(name)
        try:
            yield
        finally:
            self._charge()
            self._steps.pop()

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Charge a step with a function, and with what the functions that it returns do later."""

        @wraps(function)
        def run(*arguments: Any, **words: Any) -> Any:
            with self.step(name):
                answer = function(*arguments, **words)
            return self.timed(name, answer) if callable(answer) else answer

        return run

    def each(self, name: str, items: Iterable[Any]) -> Iterator[Any]:
        """Charge a step with the making of items; what takes them is charged otherwise."""
        rest = iter(items)
        while True:
            with self.step(name):
                try:
                    item = next(rest)
                except StopIteration:
                    return
            yield item


@contextmanager
def steps_timed(watch: Stopwatch) -> Iterator[None]:
    """Have the engine's steps timed meanwhile."""
    with ExitStack() as patches:
        for name, functions in STEPS.items():
            for function in functions:
                _patch(patches, function, lambda own, name=name: watch.timed(name, own))
        for function in COMPLETIONS:
            _patch(patches, function, lambda own: _timed_completion(watch, own))
        _patch(patches, BLEND, lambda own: _timed_blend(watch, own))
        for function in NETWORKS:
            _patch(patches, function, lambda own: _timed_network(watch, own))
        yield


def _patch(patches: ExitStack, name: str, make: Callable[[Any], Any]) -> None:
    """Replace what is called `name` by something made of it."""
    patches.enter_context(mock.patch(name, make(pkgutil.resolve_name(name))))


def _timed_completion(watch: Stopwatch, own: Callable[..., Any]) -> Callable[..., Any]:
    def complete(*arguments: Any) -> Any:
        with watch.step("completion"):
            made = own(*arguments)
        if callable(made):
            return watch.timed("completion", made)
        return made._replace(show=watch.timed("completion", made.show))

    return complete


def _timed_blend(watch: Stopwatch, own: Callable[..., Iterator[Any]]) -> Callable[..., Any]:
    def blend(tiles: Iterable[Any], *others: Any) -> Iterator[Any]:
        return watch.each("blend", own(watch.each(REST, tiles), *others))

    return blend


def _timed_network(watch: Stopwatch, own: Callable[..., Iterator[Any]]) -> Callable[..., Any]:
    def fill_all(self: Any, tiles: Iterable[Any]) -> Iterator[Any]:
        return watch.each("network", own(self, watch.each(REST, tiles)))

    return fill_all


def main(file: Path) -> None:
    """Be the worker of a daemon."""
    import lacuna.worker

    watch = Stopwatch()
    fill_order = lacuna.worker.fill_order

    def timed_order(*arguments: Any) -> Any:
        watch.restart()
        filled = fill_order(*arguments)
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(watch.stop()) + "\n")
        return filled

    with steps_timed(watch), mock.patch.object(lacuna.worker, "fill_order", timed_order):
        lacuna.worker.run_worker()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
