"""What `lacuna doctor` finds of one thing."""

from typing import NamedTuple

SETUP = "lacuna setup"


class Check(NamedTuple):
    """One thing that was looked at.

    Attributes:
        name: What.
        state: `ok`, `note` if it works but could be better, or `broken`.
        found: A sentence: what is there.
        mend: The command that repairs it; empty if nothing is broken.
    """

    name: str
    state: str
    found: str
    mend: str = ""
