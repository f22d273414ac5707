"""On a computer that cannot run Lacuna, setup does nothing and doctor says why."""

import itertools

import pytest

from lacuna.commands.doctor import examine
from lacuna_wire import fitness
from lacuna_wire.fitness import ComputerFacts
from tests.desktop.homes import tree

INTEL_MAC = ComputerFacts("darwin", "x86_64", 64, (3, 12, 1), False, True)
OLD = ComputerFacts("linux", "x86_64", 64, (3, 12, 1), False, False)


@pytest.fixture
def computer(monkeypatch):
    return lambda facts: monkeypatch.setattr(fitness, "facts_of_this_computer", lambda: facts)


def of_computer():
    return [check for check in itertools.islice(examine(), 3) if check.name == "computer"]


def test_setup_refuses_before_anything_is_planned(computer, in_process, user_home):
    computer(INTEL_MAC)
    done = in_process("setup", "--yes")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("lacuna: This Mac has an Intel processor")
    assert tree(user_home) == {}


def test_doctor_says_what_is_unfit_and_what_is_slow_and_else_nothing(computer, monkeypatch):
    computer(INTEL_MAC)
    (check,) = of_computer()
    assert (check.state, check.mend) == ("broken", "")
    assert "Lacuna needs a Mac with Apple silicon." in check.found
    computer(OLD)
    (check,) = of_computer()
    assert (check.state, check.mend) == ("note", "")
    assert "no AVX2" in check.found
    computer(OLD._replace(avx2=True))
    assert of_computer() == []
