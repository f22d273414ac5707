"""Bring the catalogues up to date: `python -m translations.catalogues`.

Collects every text that an editor or the page shows into `lacuna.pot`, brings the `.po` file of
each language in line with it, and compiles the `.mo` files that go with the plug-ins and the
`.json` files that go with the page. What is left to translate
is listed, and then the exit code is 1. A new language begins as an empty file `LANGUAGE.po`.
"""

import ast
import io
import json
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from babel.messages import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from lacuna_wire import numbers, refusals, sentences
from lacuna_wire.choices import shown_options
from lacuna_wire.engine_install import words
from lacuna_wire.translation import DOMAIN, LOCALE

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
TEMPLATE = HERE / f"{DOMAIN}.pot"
PAGE = ROOT / "daemon/lacuna/service/page/static"
PLUG_INS = ("krita_plugin", "gimp_plugin")
# Of constants, all of which are texts for both.
SHARED = (sentences, refusals, words, numbers)
ACTION_TEXTS = ("text", "toolTip", "iconText", "statusTip", "whatsThis")


class Text(NamedTuple):
    """One text to be translated.

    Attributes:
        text: In English.
        file: Where it stands.
        comments: What its author says to the translator.
    """

    text: str
    file: str
    comments: tuple[str, ...] = ()


def find_texts() -> Iterator[Text]:
    """Yield everything that an editor or the page shows, in the order of the files."""
    for folder in PLUG_INS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "_vendor" not in path.parts:
                yield from _marked_texts(path)
        for path in sorted((ROOT / folder).rglob("*.action")):
            yield from _action_texts(path)
    yield from find_page_texts()
    for module in SHARED:
        yield from _sentence_texts(Path(str(module.__file__)))
    for option in shown_options():
        for text in (option.label, option.tip, option.unit, *option.choice_labels):
            if text:
                yield Text(text, "shared/lacuna_wire/options.py")


def find_page_texts() -> Iterator[Text]:
    """Yield what the page's own scripts show."""
    for path in sorted(PAGE.rglob("*.js")):
        yield from _marked_texts(path, "javascript")


def new_template() -> Catalog:
    """Return the catalogue of all texts, none of them translated."""
    template = _new_catalogue(None)
    for text, file, comments in find_texts():
        template.add(text, locations=[(file, 0)], auto_comments=comments)
    return template


def languages() -> list[str]:
    return sorted(path.stem for path in HERE.glob("*.po"))


def read_catalogue(path: Path) -> Catalog:
    """Return a catalogue as it lies there."""
    with path.open("rb") as file:
        return read_po(file, locale=None if path == TEMPLATE else path.stem)


def update(language: str, template: Catalog) -> Catalog:
    """Return the catalogue of a language with the texts of the template, translated as before."""
    before = read_catalogue(HERE / f"{language}.po")
    after = _new_catalogue(language)
    for message in template:
        if message.id:
            old = before.get(message.id)
            after.add(
                message.id,
                old.string if old is not None and not old.fuzzy else "",
                locations=message.locations,
                auto_comments=message.auto_comments,
            )
    return after


def as_po(catalogue: Catalog) -> bytes:
    """Return the text of a `.po` file."""
    out = io.BytesIO()
    write_po(out, catalogue, width=100, include_lineno=False, sort_by_file=False)
    return out.getvalue()


def as_mo(catalogue: Catalog) -> bytes:
    """Return the content of the `.mo` file."""
    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def mo_file(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.mo"


def page_file(language: str) -> Path:
    return PAGE / "locale" / f"{language}.json"


def as_json(catalogue: Catalog) -> bytes:
    """Return the texts of the page, for its scripts."""
    texts = {text.text: catalogue[text.text].string for text in find_page_texts()}
    lines = json.dumps(texts, ensure_ascii=False, indent=1, sort_keys=True)
    return f"{lines}\n".encode()


def missing_texts(catalogue: Catalog) -> list[str]:
    """Return what is not translated yet."""
    return [str(message.id) for message in catalogue if message.id and not message.string]


def main() -> int:
    """Write all files; return 1 if something has to be translated."""
    template = new_template()
    TEMPLATE.write_bytes(as_po(template))
    code = 0
    for language in languages():
        catalogue = update(language, template)
        (HERE / f"{language}.po").write_bytes(as_po(catalogue))
        mo_file(language).parent.mkdir(parents=True, exist_ok=True)
        mo_file(language).write_bytes(as_mo(catalogue))
        page_file(language).parent.mkdir(parents=True, exist_ok=True)
        page_file(language).write_bytes(as_json(catalogue))
        missing = missing_texts(catalogue)
        print(f"{language}: {len(catalogue)} texts, {len(missing)} to be translated")
        for text in missing:
            print(f"  {text}")
            code = 1
    return code


class _TextsAlone(Catalog):
    """A catalogue whose header does not change with Babel's version, nor with the day."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        language = [("Language", self.locale_identifier)] if self.locale_identifier else []
        return [*language, ("MIME-Version", "1.0"), ("Content-Type", "text/plain; charset=utf-8")]


def _new_catalogue(language: str | None) -> Catalog:
    about = "# What Lacuna says in Krita, in GIMP and on its page."
    return _TextsAlone(locale=language, charset="utf-8", header_comment=about, fuzzy=False)


def _marked_texts(path: Path, kind: str = "python") -> Iterator[Text]:
    """Yield what stands between `_(` and `)`, or the first value."""
    name = path.relative_to(ROOT).as_posix()
    with path.open("rb") as file:
        for _line, text, _comments, _context in extract(kind, file, {"_": None}):
            yield Text(str(text), name)


def _action_texts(path: Path) -> Iterator[Text]:
    """Yield what Krita shows of the actions of a file."""
    name = path.relative_to(ROOT).as_posix()
    for action in ElementTree.parse(path).iter("Action"):
        for kind in ACTION_TEXTS:
            text = (action.findtext(kind) or "").strip()
            if text:
                yield Text(text, name)


def _sentence_texts(path: Path) -> Iterator[Text]:
    """Yield all texts of a module of constants, each with the comment above it."""
    name, source = path.relative_to(ROOT).as_posix(), path.read_text("utf-8")
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    for node in ast.parse(source).body:
        if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
            continue
        above, line = [], node.lineno - 1
        while line in comments:
            above.insert(0, comments[line])
            line -= 1
        for text in _values(node.value):
            yield Text(text, name, tuple(above))


def _values(node: ast.expr) -> Iterator[str]:
    """Yield the text of an expression, or the texts of a dict's values, a list or a tuple."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Dict):
        for value in node.values:
            yield from _values(value)
    elif isinstance(node, (ast.List, ast.Tuple)):
        for value in node.elts:
            yield from _values(value)


if __name__ == "__main__":
    sys.exit(main())
