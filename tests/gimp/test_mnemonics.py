"""The keys of the dialog: no two texts of one window share a letter, in any language."""

import random
import re

import pytest

from lacuna_wire import sentences
from lacuna_wire.choices import shown_options
from lacuna_wire.translation import find_catalogue

ENGLISH = [
    sentences.INPAINT, sentences.SOURCE, sentences.DESTINATION, sentences.COPY, "Mask",
    *(option.label for option in shown_options()), sentences.SHOW, sentences.MORE_OPTIONS,
]  # fmt: skip
# Keys of GIMP's own buttons in these languages: Help, Reset, Cancel.
TAKEN = {"en": "hrc", "de": "hza", "zh_CN": "hrc"}


def keys(texts):
    return [match[1].lower() for text in texts if (match := re.search("(?<!_)_([^_])", text))]


def plain(text):
    return re.sub(r"\(_.\)$", "", text).replace("__", "\0").replace("_", "").replace("\0", "_")


@pytest.mark.parametrize("language", TAKEN)
def test_every_text_of_the_dialog_has_a_key_of_its_own(language):
    from lacuna_gimp.mnemonics import Label, with_mnemonics

    shown, taken = [find_catalogue([language]).gettext(text) for text in ENGLISH], TAKEN[language]
    assert (shown == ENGLISH) == (language == "en")

    marked = with_mnemonics(map(Label, ENGLISH, shown), taken)

    found = keys(marked)
    assert len(found) == len(shown)
    assert len({*found, *taken}) == len(found) + len(taken)
    assert [plain(text) for text in marked] == shown
    if language == "zh_CN":
        assert marked[0] == "修补(_I)"


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
