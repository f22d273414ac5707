"""What both editors say: each text once, said by both, and whole sentences where they refuse."""

import ast
import re
from pathlib import Path

import pytest

from lacuna_wire import JobStatus, sentences
from lacuna_wire.sentences import amount_text, edge_text, progress_text
from lacuna_wire.translation import find_catalogue

ROOT = Path(__file__).parents[2]
PLUG_INS = [ROOT / "krita_plugin", ROOT / "gimp_plugin"]
TEXTS = {
    name: text for name, text in vars(sentences).items() if name.isupper() and type(text) is str
}
REFUSALS = [
    "NOTHING_SELECTED", "NO_LAYER_ACTIVE", "LAYER_HIDDEN", "LAYER_LOCKED", "NO_STROKES",
    "NOTHING_PAINTED", "NOTHING_BELOW", "NO_COPY_MASK", "COPY_MASK_EMPTY", "FILL_GONE",
    "LAYER_REMOVED", "IMAGE_CLOSED", "CANCELLED", "LAYER_NOT_TAKEN", "WRONG_SIZE", "BUG",
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
    # The others are said by `progress_text` and `amount_text`, for both.
    assert set(REFUSALS) - {"CANCELLED"} <= used <= set(vars(sentences))


def test_no_text_stands_in_both_plugins():
    translated = []
    for folder in PLUG_INS:
        calls = (
            node
            for path in folder.rglob("*.py")
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_"
        )
        given = (call.args[0] for call in calls)
        translated.append({each.value for each in given if isinstance(each, ast.Constant)})

    assert all(translated)
    assert not translated[0] & translated[1]


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


@pytest.mark.parametrize(
    ("pixels", "seconds", "text"),
    [
        (1, None, "1 px"),
        (9_999, 0.4, "9 999 px, less than 1 s"),
        (12_345, 1.2, "12 345 px (0.01 MP), about 1 s"),
        (999_999, None, "999 999 px (1.00 MP)"),
        (24_060_000, 1_234.0, "24 060 000 px (24.1 MP), about 1 234 s"),
    ],
)
def test_amount_is_said_in_pixels_and_where_it_helps_in_megapixels(pixels, seconds, text):
    assert amount_text(pixels, seconds).replace("\u202f", " ") == text
    german = find_catalogue(["de"]).gettext
    assert ("," in amount_text(pixels, None, german)) == ("." in text)


@pytest.mark.parametrize("language", ["en", "de", "zh_CN"])
def test_edge_is_told_with_its_pixels_and_only_if_one_was_found(language):
    translate = find_catalogue([language]).gettext

    assert edge_text(0, translate) == ""
    assert re.search(r"\+14 ", edge_text(14, translate))
    assert (edge_text(14, translate) == edge_text(14)) == (language == "en")
