"""The limits of one daemon; docs/protocol.md tells clients about them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class DaemonSettings:
    """Who this daemon is, and how much it accepts.

    Attributes:
        token: What callers in protocol 1 send; new with every start.
        key: What every other caller has to know and nobody sends; the same.
        instance: Name of this run, so that a client notices a restart.
        device: For jobs that leave the choice to the daemon.
        weights: Names those that are installed just now, the default first.
        published: Names of weights that can be fetched.
        program: How commands of this program are started, such as `weights fetch`.
        unit_s: Name of weights -> seconds that a unit of work (`forecast.py`) is assumed to take
            on a processor, before the first job says it.
        max_jobs: Jobs that have not ended yet.
        max_ended_jobs: Jobs that have ended and are still remembered.
        max_body_bytes: Length of one upload.
        max_json_bytes: Length of one JSON body.
        max_connections: Open ones; half of them are kept for callers who sign.
        max_spool_bytes: Pixels of all jobs, if most of the file system stays free as well.
        result_ttl_s: How long a job that has ended is remembered.
        client_gone_s: A client that does not ask for so long is gone; its job is cancelled.
        job_deadline_s: How long a job may run.
        first_tile_s: Patience until the first tile: weights are loaded, a completion is made.
        stall_s: Patience for every later tile, or ten of the job's own tiles if that is more.
        worker_start_s: Patience for a worker that starts.
        worker_tries: Starts of the worker before jobs are refused.
        worker_tries_s: No try begins later than this after the first one.
        worker_pause_s: How long jobs are refused after that.
        keep_model_s: An idle worker is ended after this, and its memory is free again.
        cancel_grace_s: A worker that does not stop in time is killed.
        upload_idle_s: An upload may not pause for longer.
        min_upload_rate: Bytes per second, over `upload_idle_s`.
        write_s: A piece of an answer may not be left unread for longer.
        stranger_write_s: The same for callers who have signed nothing.
        clock_s: How often deadlines are looked at.
    """

    token: str = field(repr=False)
    key: str = field(repr=False)
    instance: str
    device: str = "auto"
    weights: Callable[[], Sequence[str]] = list
    published: Sequence[str] = ()
    program: Sequence[str] = ()
    unit_s: Mapping[str, float] = field(default_factory=dict)
    max_jobs: int = 4
    max_ended_jobs: int = 256
    max_body_bytes: int = GIB
    max_json_bytes: int = 64 * 1024
    max_connections: int = 1024
    max_spool_bytes: int = 4 * GIB
    result_ttl_s: float = 600.0
    client_gone_s: float = 30.0
    job_deadline_s: float = 1800.0
    first_tile_s: float = 120.0
    stall_s: float = 30.0
    worker_start_s: float = 60.0
    worker_tries: int = 8
    worker_tries_s: float = 20.0
    worker_pause_s: float = 60.0
    keep_model_s: float = 300.0
    cancel_grace_s: float = 2.0
    upload_idle_s: float = 10.0
    min_upload_rate: int = MIB
    write_s: float = 30.0
    stranger_write_s: float = 10.0
    clock_s: float = 0.5
