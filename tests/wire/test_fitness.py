"""A computer that cannot run Lacuna is told so in one sentence, before anything is downloaded."""

import struct
import sys

import pytest

from lacuna.commands.fit import require_fit_python, slowness
from lacuna_wire import LacunaError, endpoint, fitness
from lacuna_wire.errors import DaemonUnreachable
from lacuna_wire.fitness import (
    ComputerFacts,
    facts_of_this_computer,
    require_fit_computer,
)
from lacuna_wire.refusals import REFUSALS

LINUX = ComputerFacts("linux", "x86_64", 64, (3, 11, 2), False, True)
SILICON = ComputerFacts("darwin", "arm64", 64, (3, 14, 0), False, None)
INTEL_MAC = ComputerFacts("darwin", "x86_64", 64, (3, 12, 1), False, True)
WINDOWS = ComputerFacts("win32", "x86_64", 64, (3, 13, 0), False, True)


@pytest.mark.parametrize(
    "facts",
    [LINUX, SILICON, WINDOWS, LINUX._replace(machine="aarch64"), WINDOWS._replace(machine="arm64")],
)
def test_computers_that_can_are_let_through(facts):
    require_fit_computer(facts)
    require_fit_python(facts)
    assert slowness(facts) == ""


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (INTEL_MAC, "This Mac has an Intel processor, and PyTorch, which Lacuna needs, has had no "
         "build for it since 2.2. Lacuna needs a Mac with Apple silicon."),
        (LINUX._replace(machine="i686", bits=32), "This computer has a 32-bit system (i686), and "
         "PyTorch, which Lacuna needs, has no build for it. Lacuna needs a system of 64 bits."),
        (LINUX._replace(machine="armv7l", bits=32), "This computer has a 32-bit system (armv7l), "
         "and PyTorch, which Lacuna needs, has no build for it. Lacuna needs a system of 64 bits."),
    ],
)  # fmt: skip
def test_computer_that_cannot_is_told_so_whatever_python_it_has(facts, sentence):
    for require in (require_fit_computer, require_fit_python):
        with pytest.raises(LacunaError) as caught:
            require(facts._replace(python=(3, 8, 1)))
        assert (caught.value.code, caught.value.message) == ("unfit_computer", sentence)
        assert any(
            all(f"{{{name}}}" in words for name in caught.value.values)
            for words in REFUSALS["unfit_computer"]
        )


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (WINDOWS._replace(bits=32), "This Python has 32 bits. Install Python of 64 bits, and "
         "Lacuna with it."),
        (INTEL_MAC._replace(translated=True), "This Python is made for Intel Macs. Install Python "
         "for Apple silicon, and Lacuna with it."),
        (LINUX._replace(python=(3, 9, 2)), "This is Python 3.9.2, and Lacuna needs 3.11 or newer. "
         "Install that, and Lacuna with it."),
    ],
)  # fmt: skip
def test_python_that_cannot_on_a_computer_that_can_is_told_what_to_install(facts, sentence):
    require_fit_computer(facts)  # an editor's own Python does not matter
    with pytest.raises(LacunaError) as caught:
        require_fit_python(facts)
    assert (caught.value.code, caught.value.message) == ("unfit_python", sentence)


def test_processor_without_avx2_is_slow_and_no_more():
    old = LINUX._replace(avx2=False)
    require_fit_python(old)

    assert slowness(old) == (
        "This processor has no AVX2, so fills take longer than on those since about 2013."
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("processor : 0\nflags\t\t: fpu sse4_2 avx avx2 bmi2\n", True),
        ("processor : 0\nflags\t\t: fpu sse4_2 avx xavx2\n", False),
        ("processor : 0\nFeatures\t: fp asimd\n", None),
        (None, None),
    ],
)
def test_kernel_of_linux_says_what_its_processor_has(text, expected, tmp_path, monkeypatch):
    file = tmp_path / "cpuinfo"
    if text is not None:
        file.write_text(text)
    monkeypatch.setattr(fitness, "CPU_FACTS", str(file))

    assert fitness._has_avx2() is expected


def test_this_computer_can():
    """The tests run on it, after all."""
    facts = facts_of_this_computer()
    require_fit_python(facts)

    assert facts.bits == 8 * struct.calcsize("P") == 64
    assert facts.python == sys.version_info[:3]
    assert not facts.translated


def test_editor_on_a_computer_that_cannot_is_not_sent_to_setup(monkeypatch, tmp_path):
    monkeypatch.setenv("LACUNA_STATE_DIR", str(tmp_path))
    monkeypatch.setattr(endpoint, "facts_of_this_computer", lambda: INTEL_MAC)
    with pytest.raises(LacunaError, match="Intel processor") as caught:
        endpoint.start_daemon()
    assert caught.value.code == "unfit_computer"
    monkeypatch.setattr(endpoint, "facts_of_this_computer", lambda: LINUX)
    with pytest.raises(DaemonUnreachable, match="has never run for this user"):
        endpoint.start_daemon()
