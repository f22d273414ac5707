"""The keys of the dialog: no two texts of one window share a letter, in any language."""

import random
import re

import pytest

from lacuna_wire import sentences
from lacuna_wire.choices import shown_options

ENGLISH = [
    "Inpaint", sentences.SOURCE, sentences.DESTINATION, sentences.COPY, "Mask",
    *(option.label for option in shown_options()), "Show", "More options",
]  # fmt: skip
GERMAN = [
    "Ausfüllen", "Quelle", "Ergebnis", "Kopieren von", "Maske", "Vergrößern", "Weichzeichnen",
    "Modell", "Farbkorrektur", "Transparenz", "Zeigen", "Weitere Optionen",
]  # fmt: skip
CHINESE = [
    "修复", "来源", "结果", "复制自", "蒙版", "扩大", "羽化",
    "模型", "颜色校正", "透明度", "显示", "更多选项",
]  # fmt: skip
# GIMP's own buttons in these languages: Help, Reset, Cancel.
LANGUAGES = {"en": (ENGLISH, "hrc"), "de": (GERMAN, "hza"), "zh_CN": (CHINESE, "hrc")}


def keys(texts):
    return [match[1].lower() for text in texts if (match := re.search("(?<!_)_([^_])", text))]


def plain(text):
    return re.sub(r"\(_.\)$", "", text).replace("__", "\0").replace("_", "").replace("\0", "_")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_the_dialog_has_a_key_of_its_own(language):
    from lacuna_gimp.mnemonics import Label, with_mnemonics

    shown, taken = LANGUAGES[language]
    assert len(shown) == len(ENGLISH)

    marked = with_mnemonics(map(Label, ENGLISH, shown), taken)

    found = keys(marked)
    assert len(found) == len(shown)
    assert len({*found, *taken}) == len(found) + len(taken)
    assert [plain(text) for text in marked] == shown
    if language == "zh_CN":
        assert marked[0] == "修复(_I)"


def test_no_key_is_there_twice_whatever_the_texts_are():
    from lacuna_gimp.mnemonics import Label, with_mnemonics

    rng = random.Random(5)
    for _ in range(300):
        texts = ["".join(rng.choices("abcAB_ 层ü", k=rng.randint(0, 6))) for _ in range(6)]
        taken = rng.sample("abc", rng.randint(0, 3))
        marked = with_mnemonics([Label(text, text) for text in texts], taken)
        found = keys(marked)
        assert len({*found, *taken}) == len(found) + len(taken), (texts, marked)
        assert [plain(text) for text in marked] == texts


def test_first_letters_of_words_are_preferred():
    from lacuna_gimp.mnemonics import Label, with_mnemonics

    labels = [Label("Grow", "Grow"), Label("Great grow", "Great grow"), Label("Copy", "Copy from")]
    assert with_mnemonics(labels, "c") == ["_Grow", "G_reat grow", "Copy _from"]
