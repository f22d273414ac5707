"""A graphics card that fills do not use is told once by each program, and never in the way."""

import os

import pytest

from lacuna_wire import Options
from lacuna_wire.editor import Editor, fill
from lacuna_wire.sentences import card_text
from lacuna_wire.unused_card import TOLD, is_news, reason_in
from tests.service.conftest import request, start  # noqa: F401

REASON = "PyTorch 2.13.0+cpu, built for processors alone, does not use the NVIDIA RTX 4090"


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("LACUNA_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


def test_each_program_tells_each_reason_once(state):
    said = [(program, is_news(program, REASON)) for program in ("krita", "gimp", "krita", "gimp")]
    assert said == [("krita", True), ("gimp", True), ("krita", False), ("gimp", False)]

    assert is_news("krita", "the driver is old")
    assert not is_news("gimp", REASON)
    assert is_news("krita", REASON)
    assert not is_news("lacuna", "")


@pytest.mark.parametrize("there", ["a file", "damaged"])
def test_what_cannot_be_remembered_is_not_told_with_every_fill(state, there):
    if there == "a file":
        state.write_text("no folder")
    else:
        state.mkdir(mode=0o700)
        os.close(os.open(state / TOLD, os.O_CREAT | os.O_WRONLY, 0o600))

    assert not is_news("krita", REASON)


@pytest.mark.parametrize(
    ("device", "reason"),
    [
        (f"CPU, 2 threads, because {REASON}", REASON),
        ("CPU, 2 threads", ""),
        ("NVIDIA RTX 4090 (cuda:1), because the first one has failed", ""),
        ("", ""),
    ],
)
def test_reason_is_that_of_a_processor(device, reason):
    assert reason_in(device) == reason
    assert reason in card_text(reason)
    assert bool(card_text(reason)) == bool(reason)


def of_zeros(channels):
    def read(rect):
        return bytes(rect.area * channels)

    return read


@pytest.mark.parametrize("chosen", ["auto", "cpu"])
@pytest.mark.parametrize("device", [f"CPU, 2 threads, because {REASON}", "NVIDIA RTX 4090"])
def test_answer_to_an_editor_says_why_a_card_was_not_used(start, monkeypatch, chosen, device):  # noqa: F811
    daemon = start("--device", device)
    monkeypatch.setenv("LACUNA_STATE_DIR", str(daemon.state))
    editor = Editor(
        run_in_main=lambda task: task(),
        read_pixels=of_zeros(4),
        read_selection=of_zeros(1),
        show=lambda status: None,
        strip_pixels=1000,
        should_cancel=lambda: False,
    )
    answer = fill(request(options=Options(device=chosen)), editor)

    is_told = chosen == "auto" and device.startswith("CPU")
    assert answer.unused_card == (REASON if is_told else "")
