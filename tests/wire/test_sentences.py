"""What both editors say: each text once, said by both, and whole sentences where they refuse."""

import ast
import re
from pathlib import Path

import pytest

from lacuna_wire import JobStatus, sentences
from lacuna_wire.choices import shown_options
from lacuna_wire.sentences import progress_text

ROOT = Path(__file__).parents[2]
PLUG_INS = [ROOT / "krita_plugin", ROOT / "gimp_plugin"]
TEXTS = {
    name: text for name, text in vars(sentences).items() if name.isupper() and type(text) is str
}
REFUSALS = [
    "NOTHING_SELECTED", "NO_LAYER_ACTIVE", "LAYER_REMOVED", "IMAGE_CLOSED", "CANCELLED",
    "LAYER_NOT_TAKEN", "WRONG_SIZE", "BUG",
]  # fmt: skip


def texts_of(folder):
    """Names of `sentences` that a plug-in uses, and all texts that stand in it."""
    used, texts = set(), set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "sentences":
                used.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
    return used, texts


@pytest.mark.parametrize("folder", PLUG_INS, ids=lambda folder: folder.name)
def test_no_plugin_says_in_its_own_words_what_both_say(folder):
    used, texts = texts_of(folder)

    assert not texts & set(TEXTS.values())
    # The others are said by `progress_text`, for both.
    assert set(REFUSALS) - {"CANCELLED"} <= used <= set(vars(sentences))


@pytest.mark.parametrize("name", REFUSALS)
def test_refusal_is_a_whole_sentence(name):
    assert re.fullmatch(r"([A-Z]|\{).*\.", TEXTS[name])


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (JobStatus("", "running", phase="filling"), "Filling"),
        (JobStatus("", "running", phase="filling", eta_s=7.6), "Filling, 8 s left"),
        (JobStatus("", "running", phase="filling", eta_s=0.4), "Filling"),
        (JobStatus("", "running", phase="a new one"), "Working"),
        (JobStatus("", "running", phase="guiding"), "Looking for what fits"),
        (JobStatus("", "done", phase="done"), "Receiving the fill"),
        (JobStatus("", "queued", queue_position=1), "Waiting for another fill"),
        (JobStatus("", "queued", queue_position=3), "Waiting for 3 other fills"),
        (JobStatus("", "created"), "Working"),
    ],
)
def test_progress_is_a_few_words(status, text):
    assert progress_text(status) == text


def test_progress_is_translated_before_the_values_are_filled_in():
    asked = []

    def translate(text):
        asked.append(text)
        return text.upper()

    status = JobStatus("", "running", phase="filling", eta_s=7.6)

    assert progress_text(status, translate) == "FILLING, 8 S LEFT"
    assert set(asked) <= {*TEXTS.values(), *sentences.PHASES.values()}


def test_no_word_of_the_program_is_shown_where_people_paint():
    """What the daemon calls its parts says nothing to a painter."""
    ours = "weights?|patch(es)?|guid(e|ing)|network|tiles?|inference|daemon"
    shown = [*TEXTS.values(), *sentences.PHASES.values()]
    for option in shown_options():
        shown += [option.label, option.tip, *option.choice_labels]

    found = {text for text in shown if re.search(rf"\b({ours})\b", text, re.IGNORECASE)}
    assert found == {sentences.WAITING_FOR_DAEMON}
