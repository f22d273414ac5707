"""Every text of both plug-ins is there in every language, and fits into its place."""

import ast
import gettext
import json
import re
from pathlib import Path
from string import Formatter

import pytest

from lacuna_wire import help as help_pages
from lacuna_wire.translation import LOCALE, choose_language, find_catalogue

catalogues = pytest.importorskip("translations.catalogues", reason="Babel is not installed")

ROOT = Path(__file__).parents[2]
LANGUAGES = catalogues.languages()
MNEMONIC = re.compile(r"_[A-Za-z]")


def pairs(language):
    """Text and translation, from the file that people edit."""
    catalogue = catalogues.read_catalogue(catalogues.HERE / f"{language}.po")
    return [(message.id, message.string) for message in catalogue if message.id]


def test_these_languages_are_there():
    assert {"de", "zh_CN"} <= set(LANGUAGES)
    assert {path.name for path in LOCALE.iterdir()} == set(LANGUAGES)
    assert {path.parent.name for path in help_pages.FOLDER.glob("*/index.html")} == {
        *LANGUAGES, "en",
    }  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated_and_no_other(language):
    """If this fails: `python -m translations.catalogues`, and translate what it lists."""
    texts = {text.text for text in catalogues.find_texts()}
    translated = dict(pairs(language))

    assert set(translated) == texts
    assert [text for text, translation in translated.items() if not translation] == []
    catalogue = catalogues.read_catalogue(catalogues.HERE / f"{language}.po")
    assert [message.id for message in catalogue if message.fuzzy and message.id] == []
    assert not catalogue.obsolete


def test_files_are_as_the_program_writes_them():
    template = catalogues.new_template()
    assert catalogues.TEMPLATE.read_bytes() == catalogues.as_po(template)
    for language in LANGUAGES:
        path = catalogues.HERE / f"{language}.po"
        assert path.read_bytes() == catalogues.as_po(catalogues.update(language, template)), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_goes_with_the_plugins_is_what_people_have_edited(language):
    with catalogues.mo_file(language).open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    assert {text: compiled.gettext(text) for text, _ in pairs(language)} == dict(pairs(language))
    assert len(compiled._catalog) == len(pairs(language)) + 1  # with the header


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_goes_with_the_page_is_what_people_have_edited(language):
    catalogue = catalogues.read_catalogue(catalogues.HERE / f"{language}.po")
    told = json.loads(catalogues.page_file(language).read_text("utf-8"))

    assert catalogues.page_file(language).read_bytes() == catalogues.as_json(catalogue)
    assert set(told) == {text.text for text in catalogues.find_page_texts()}
    assert len(told) > 40
    assert all(told.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_translation_takes_the_same_values_and_has_the_same_shape(language):
    for text, translation in pairs(language):
        assert fields(translation) == fields(text), translation
        assert len(MNEMONIC.findall(translation)) == len(MNEMONIC.findall(text)), translation
        assert text.endswith("...") == translation.endswith("..."), translation
        # A whole sentence stays one.
        assert (text[-1] == ".") == (translation[-1] in ".。"), translation
        assert translation.strip() == translation
        assert "\n" not in translation


def fields(text):
    """What stands in braces, by the place of its value: translations may take another order."""
    found = [(name, spec) for _, name, spec, _ in Formatter().parse(text) if name is not None]
    return {
        (int(name) if name.isdigit() else name or at): spec for at, (name, spec) in enumerate(found)
    }


def test_values_may_change_places():
    assert fields("{} of {:,}") == fields("{1:,}: {0}") != fields("{0:,}: {1}")
    assert fields("{name} of {side}") == fields("{side}: {name}") != fields("{side}: {}")


def test_no_text_says_how_a_number_is_written():
    """A comma in a German number is a decimal sign; `numbers.py` writes them for everybody."""
    for text in catalogues.find_texts():
        assert not any(fields(text.text).values()), text


def test_no_word_of_the_program_is_shown_where_people_paint():
    """What the daemon calls its parts says nothing to a painter."""
    ours = "weights?|patch(es)?|guid(e|ing)|network|tiles?|inference|daemon|jobs?|worker|spool"
    texts = [text.text for text in catalogues.find_texts()]
    said = {text: re.sub(r"\{[^}]*\}", "", text) for text in texts}

    assert [text for text in texts if re.search(rf"\b({ours})\b", said[text], re.I)] == []


def test_names_stand_in_one_kind_of_quotation_marks():
    for text in catalogues.find_texts():
        assert not set(text.text) & set("\"'\u2018\u201e\u00ab"), text
        assert text.text.count("“") == text.text.count("”"), text


def test_nothing_is_filled_in_before_it_is_translated():
    """No catalogue has a text with values in it; and a text put together is not collected."""
    for folder in ("krita_plugin", "gimp_plugin"):
        for path in (ROOT / folder).rglob("*.py"):
            for call in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "_":
                    (given,) = call.args
                    assert not isinstance(given, (ast.JoinedStr, ast.BinOp, ast.Call)), (
                        path, call.lineno,
                    )  # fmt: skip


@pytest.mark.parametrize(
    ("languages", "chosen"),
    [
        (["de-CH", "en"], "de"),
        (["de_AT.UTF-8"], "de"),
        (["zh-Hans-CN", "zh-CN", "zh"], "zh_CN"),
        (["zh"], "zh_CN"),
        (["zh_SG"], "zh_CN"),
        (["zh-Hant-TW", "zh-TW", "de"], "de"),  # who reads that script may not read the other
        (["fr-FR", "zh-CN"], "zh_CN"),
        (["en-GB", "de"], "en"),
        (["C"], "en"),
        (["../de"], "en"),
        ([], "en"),
    ],
)
def test_first_language_that_is_there_is_chosen_and_english_is_always_there(languages, chosen):
    assert choose_language(languages, {"de", "zh_CN"}) == chosen
    assert help_pages.page(languages).parent.name == chosen
    text = find_catalogue(languages).gettext("New layer")
    assert text == {"de": "Neue Ebene", "zh_CN": "新图层", "en": "New layer"}[chosen]


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        ({"LANGUAGE": "de:en", "LANG": "C.UTF-8"}, "Neue Ebene"),
        ({"LANG": "zh_CN.UTF-8"}, "新图层"),
        ({"LC_ALL": "en_US.UTF-8", "LANG": "de_DE.UTF-8"}, "New layer"),
        ({}, "New layer"),
    ],
)
def test_gimp_says_its_language_in_the_environment(monkeypatch, environment, text):
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert find_catalogue().gettext("New layer") == text
