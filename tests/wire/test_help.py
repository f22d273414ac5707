"""The help of the plug-ins says the same in every language, in the words of the menus."""

import re
from html.parser import HTMLParser

import pytest

from lacuna_wire import help as help_pages
from lacuna_wire import sentences
from lacuna_wire.options import OPTIONS
from lacuna_wire.refusals import REFUSALS
from lacuna_wire.translation import find_catalogue

LANGUAGES = sorted(path.parent.name for path in help_pages.FOLDER.glob("*/index.html"))
MOST_BYTES = 300_000
NAMED = [
    sentences.TITLE, sentences.STROKES_TITLE, sentences.TRY_ANOTHER, sentences.FILL_AGAIN,
    sentences.COPY, *sentences.DESTINATIONS.values(), *sentences.COPY_FROM.values(),
    *(OPTIONS[name].label for name in ("grow", "feather", "transparency")),
]  # fmt: skip


class Page(HTMLParser):
    """What is in a page: its text, its chapters, and the files that it needs."""

    def __init__(self, language):
        super().__init__()
        self.text, self.chapters, self.files, self.links, self.open = "", [], [], [], []
        self.language = ""
        self.feed((help_pages.FOLDER / language / "index.html").read_text("utf-8"))
        self.close()

    def handle_starttag(self, tag, attributes):
        facts = dict(attributes)
        if tag not in ("meta", "link", "img", "br"):
            self.open.append(tag)
        self.language = facts.get("lang", self.language)
        self.chapters += [facts["id"]] if "id" in facts else []
        self.files += [facts[name] for name in ("src",) if name in facts]
        target = facts.get("href", "")
        (self.links if target.startswith("#") else self.files).extend([target] if target else [])
        if tag == "img":
            assert "alt" in facts

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_is_whole_and_needs_nothing_from_elsewhere(language):
    page = Page(language)

    assert page.open == []
    assert page.language.replace("-", "_") == language
    for file in page.files:
        assert (help_pages.FOLDER / language / file).resolve().is_file(), file
    assert [link[1:] for link in page.links] == page.chapters


def test_every_language_has_the_same_chapters_and_pictures():
    pages = [Page(language) for language in LANGUAGES]

    assert {(*page.chapters, *page.files) for page in pages} == {
        (*pages[0].chapters, *pages[0].files)
    }
    shown = {file.rpartition("/")[2] for file in pages[0].files if "/pictures/" in file}
    assert shown == {path.name for path in (help_pages.FOLDER / "pictures").iterdir()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_calls_things_as_the_menus_do(language):
    translate, text = find_catalogue([language]).gettext, Page(language).text.casefold()
    text = re.sub(r"\s+", " ", text)

    assert [name for name in NAMED if translate(name).casefold() not in text] == []
    assert sentences.edge_text(3, translate).casefold() in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_quotes_refusals_as_the_editor_shows_them(language):
    translate, text = find_catalogue([language]).gettext, re.sub(r"\s+", " ", Page(language).text)

    for code in ("empty_selection", "no_context", "too_few_sources", "daemon_unreachable"):
        shown = translate(REFUSALS[code][-1])
        assert re.split(r"[.。]", shown)[0] in text, shown


def test_help_is_small():
    files = [path for path in help_pages.FOLDER.rglob("*") if path.is_file()]

    assert sum(path.stat().st_size for path in files) <= MOST_BYTES
