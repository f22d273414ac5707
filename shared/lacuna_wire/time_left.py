"""How long a fill will take, as people are told it: a number that does not climb back up.

A daemon guesses anew with every tile, so its guesses jump. Who reads them wants to know whether
there is time for a coffee.
"""

from typing import Optional

from .messages import JobStatus

# A guess is believed again if it is so many times what was said, and so many seconds above it.
FAR_TIMES, FAR_S = 1.5, 10.0


class TimeLeft:
    """What is said of one job: the least guess so far, unless that was far from the truth."""

    def __init__(self) -> None:
        self._said_s: Optional[float] = None

    def steady(self, status: JobStatus) -> JobStatus:
        """Return the status with the seconds that are to be said.

        >>> left = TimeLeft()
        >>> [left.steady(JobStatus("", "running", eta_s=s)).eta_s for s in (30, 28, 33, 27, 90)]
        [30, 28, 28, 27, 90]
        """
        guess_s, said_s = status.eta_s, self._said_s
        if guess_s is None:
            return status
        if said_s is None or guess_s < said_s or guess_s > said_s * FAR_TIMES + FAR_S:
            self._said_s = guess_s
        return status._replace(eta_s=self._said_s)
