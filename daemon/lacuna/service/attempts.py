"""Fill one job: at most two attempts, the second with smaller tiles if a tile of the first hung."""

import logging

from lacuna_wire import LacunaError
from lacuna_wire.messages import Progress

from .job import PHASES, Job
from .orders import Filled, check_filled, order_message
from .patience import Stalled
from .settings import DaemonSettings
from .spool import PixelsLost, file_error
from .supervisor import Supervisor

log = logging.getLogger("lacuna.jobs")

# An error with one of these codes is not a failure of the job.
END_STATES = {"cancelled": "cancelled", "expired": "expired"}


async def fill_job(job: Job, supervisor: Supervisor, settings: DaemonSettings) -> Filled:
    """Have a running job filled, and return what was made of it.

    Raises:
        LacunaError: Whatever kept it from being done, also `cancelled` and `expired`.
    """
    try:
        filled = await _fill_or_try_again(job, supervisor, settings)
        check_filled(filled, job.request, job.plan.window, job.files)
    except LacunaError as error:
        if error.code not in END_STATES and not job.files.input.exists():
            raise PixelsLost(job.files.input.parent) from error
        raise
    except OSError as error:
        raise file_error(error) from error
    return filled


async def _fill_or_try_again(job: Job, supervisor: Supervisor, settings: DaemonSettings) -> Filled:
    try:
        return await _order(job, supervisor, settings, smaller_tiles=False)
    except Stalled as error:
        if job.ended:  # cancelled in the meantime
            raise
        log.warning("job %s is tried again with smaller tiles: %s", job.id, error)
        job.report(Progress(PHASES["running"]))
        job.files.output.unlink(missing_ok=True)
    return await _again(job, supervisor, settings)


async def _again(job: Job, supervisor: Supervisor, settings: DaemonSettings) -> Filled:
    try:
        return await _order(job, supervisor, settings, smaller_tiles=True)
    except Stalled as error:
        sentence = f"{error} This was the second try, with smaller tiles."
        raise Stalled(sentence, code=error.code, values=error.values) from None


async def _order(
    job: Job, supervisor: Supervisor, settings: DaemonSettings, smaller_tiles: bool
) -> Filled:
    def report(progress: Progress) -> None:
        if not job.ended:  # a cancelled job is over before its worker knows
            job.report(progress)

    order = order_message(job.request, job.plan.window, job.files, settings.device, smaller_tiles)
    return await supervisor.fill(order, job.begun + settings.job_deadline_s, report)
