"""What a job needs and how long it will take, said before it begins.

The seconds are learned from the jobs that were done: work, times the seconds that a unit of it has
taken here. A unit is one tile of lacuna-small on two cores of a processor; what the search for
patches costs beside it was measured by `python -m benchmarks.forecast` (docs/performance.md).
"""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from lacuna_wire import JobRequest, Rect
from lacuna_wire.errors import TooLarge

from .settings import DaemonSettings

START_S = 3.0  # before it was measured here: Python, PyTorch and the weights
# `auto` may turn out to be a GPU: then the first forecast is too long, and the next one learned.
ASSUMED_DEVICES = ("cpu", "auto")
LAST_JOBS = 5  # of a kind: a computer that is busy for one job is not slow for good
# Units per megapixel of the window. The first one counts twice: so much of a window is completed on
# the picture's own level, where a pixel costs most.
MEGAPIXEL_WORK = 3.0


class JobPlan(NamedTuple):
    """The engine's answer to a request.

    Attributes:
        window: Pixels of the image that the engine needs.
        tiles: How many tiles it will take, about.
    """

    window: Rect
    tiles: int

    @property
    def work(self) -> float:
        """All of it, in units.

        >>> JobPlan(Rect(0, 0, 2000, 1000), 6).work
        15.0
        """
        megapixels = self.window.area / 1e6
        return self.tiles + MEGAPIXEL_WORK * (megapixels + min(1.0, megapixels))


# What makes jobs alike: weights, device and strategy, as they are asked for.
Kind = tuple[str, str, str]


class Forecast:
    """Plans jobs, and knows how long those before them took.

    Args:
        settings: The limits, and what is assumed before the first job.
        plan: The engine's policy: which window a job needs. Raises `LacunaError` to refuse it.

    Attributes:
        start_s: Seconds from the beginning of a job without a worker to its first piece of work.
    """

    def __init__(self, settings: DaemonSettings, plan: Callable[[JobRequest], JobPlan]) -> None:
        self.start_s = START_S
        self._settings = settings
        self._plan = plan
        self._unit_s: dict[Kind, deque[float]] = {}

    def plan(self, request: JobRequest) -> JobPlan:
        """Say what a job needs; nothing is taken for it.

        Raises:
            TooLarge: If the window that it needs is.
            LacunaError: If the engine refuses it.
        """
        plan = self._plan(request)
        input_bytes = request.input_bytes(plan.window)
        (width, height), area = plan.window[2:], plan.window.area
        most = self._settings.max_body_bytes
        if input_bytes > most:
            raise TooLarge(
                f"The selection needs a window of {width:,} x {height:,} px, {input_bytes:,} "
                f"bytes; this daemon accepts {most:,}.",
                values={"pixels": area, "most_pixels": most * area // input_bytes},
            )
        return plan

    def seconds(self, request: JobRequest, plan: JobPlan, has_worker: bool = True) -> float | None:
        """Return how long a job will run, or None if nobody knows.

        Args:
            request: What is asked for.
            plan: What it needs.
            has_worker: Whether it begins with the work, and not with the start of a worker.
        """
        from statistics import median  # 0.6 MB that the front need not hold from login on

        kind = self._kind(request)
        seen = self._unit_s.get(kind)
        unit_s = median(seen) if seen else self._assumed_unit_s(kind)
        if unit_s is None:
            return None
        return round(unit_s * plan.work + (0.0 if has_worker else self.start_s), 1)

    def learn(self, request: JobRequest, plan: JobPlan, seconds: float) -> None:
        """Take into account how long a job ran, from when its network was loaded."""
        seen = self._unit_s.setdefault(self._kind(request), deque(maxlen=LAST_JOBS))
        seen.append(seconds / plan.work)

    def _kind(self, request: JobRequest) -> Kind:
        options, settings = request.options, self._settings
        device = settings.device if options.device == "auto" else options.device
        return options.weights or next(iter(settings.weights()), ""), device, options.strategy

    def _assumed_unit_s(self, kind: Kind) -> float | None:
        weights, device, _strategy = kind
        return self._settings.unit_s.get(weights) if device in ASSUMED_DEVICES else None
