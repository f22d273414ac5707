"""What `lacuna setup` and `doctor` say of a computer or a Python that Lacuna is not made for."""

from lacuna_wire import LacunaError
from lacuna_wire.fitness import ComputerFacts, require_fit_computer

LEAST_PYTHON = (3, 11)


def require_fit_python(facts: ComputerFacts) -> None:
    """Refuse a computer, or a Python on it, that cannot run the daemon.

    Raises:
        LacunaError: `unfit_computer`, or `unfit_python` where another Python helps.
    """
    require_fit_computer(facts)
    reason = ""
    if facts.bits < 64:
        reason = f"This Python has {facts.bits} bits. Install Python of 64 bits"
    elif facts.translated:
        reason = "This Python is made for Intel Macs. Install Python for Apple silicon"
    elif facts.python[:2] < LEAST_PYTHON:
        least, own = (".".join(map(str, version)) for version in (LEAST_PYTHON, facts.python))
        reason = f"This is Python {own}, and Lacuna needs {least} or newer. Install that"
    if reason:
        raise LacunaError(f"{reason}, and Lacuna with it.", code="unfit_python")


def slowness(facts: ComputerFacts) -> str:
    """Return a sentence if fills will take long for what the processor lacks; else nothing."""
    if facts.avx2 is False:
        return "This processor has no AVX2, so fills take longer than on those since about 2013."
    return ""
