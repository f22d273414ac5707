"""Nothing that a plug-in shows is left in English: read from the source."""

import ast
import re
from pathlib import Path

import pytest

from lacuna_wire import errors

ROOT = Path(__file__).parents[1]
GIMP = ROOT / "gimp_plugin/lacuna-gimp"
KRITA = ROOT / "krita_plugin/lacuna_krita"

# What is given to them is translated by them.
TRANSLATORS = {"_", "translate"}
# In GIMP's plug-in, these take a text in English and show it in the user's language.
TAKE_ENGLISH = {"Label", "add", "ask"}
# Of `sentences`: translated word by word, where they are shown.
WORD_BY_WORD = {"DESTINATIONS", "COPY_FROM", "PHASES", "BUTTONS"}
# Tables of texts that are translated where they are shown, by their names.
TABLES = {"SOURCES", "CHOICES"}


def parts_of_calls(tree, names):
    """Ids of everything that is given to functions of these names."""
    return {
        id(part)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", getattr(call.func, "attr", "")) in names
        for part in ast.walk(call)
    }


def docstrings_of(tree):
    return {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and isinstance(node.body[0], ast.Expr)
    }


def is_sentence(node):
    """Whether this is a text of several words that begins or ends as one for people does."""
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and " " in node.value.strip()
        and re.search("[a-z]{2}", node.value) is not None
        and (node.value.lstrip("“{}_")[:1].isupper() or node.value.rstrip().endswith("."))
    )


def untranslated(tree, english=frozenset()):
    """Places of a plug-in's file at which a text is shown as it is: lines and texts."""
    fine = parts_of_calls(tree, TRANSLATORS) | docstrings_of(tree)
    given = parts_of_calls(tree, english)
    given |= {id(node.test) for node in ast.walk(tree) if isinstance(node, (ast.If, ast.IfExp))}
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in TABLES:
            given |= {id(part) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if is_sentence(node) and id(node) not in fine:
            yield node.lineno, node.value
        elif isinstance(node, ast.Attribute) and id(node) not in fine | given:
            owner = getattr(node.value, "id", "")
            # Texts that come from `lacuna_wire`.
            if (owner == "option" and node.attr in ("label", "sentence", "tip", "unit")) or (
                owner in ("sentences", "words")
                and node.attr.isupper()
                and node.attr not in WORD_BY_WORD
            ):
                yield node.lineno, f"{owner}.{node.attr}"
            elif owner == "error" and node.attr == "message":  # English, if it is the daemon's
                yield node.lineno, "error.message: `refusal_text` says it"


@pytest.mark.parametrize(
    ("folder", "english"), [(KRITA, set()), (GIMP, TAKE_ENGLISH)], ids=["krita", "gimp"]
)
def test_every_sentence_of_a_plugin_is_translated(folder, english):
    files = [path for path in folder.rglob("*.py") if "_vendor" not in path.parts]
    found = {
        path: list(untranslated(ast.parse(path.read_text("utf-8")), english)) for path in files
    }

    assert len(files) > 10
    assert {path: places for path, places in found.items() if places} == {}


@pytest.mark.parametrize(
    "source",
    [
        "show('Nothing is selected.')",
        "raise LacunaError('“{}” is locked.'.format(name))",
        "raise LacunaError(f'Layer {name} is locked.')",
        "show(sentences.NOTHING_SELECTED)",
        "show(option.tip)",
        "show(error.message)",
        "TIPS = {'grow': 'Enlarge the selection.'}",
    ],
)
def test_rule_finds_what_is_not_translated(source):
    assert list(untranslated(ast.parse(source), TAKE_ENGLISH))


# Of the wire: what both plug-ins translate, and parts of what errors say in English.
TEXTS_OF_THE_WIRE = {"sentences.py", "refusals.py", "options.py", "words.py"}
WORDS_OF_OTHERS = {"output.py"}  # which are read there, not said
PARTS_OF_ERRORS = {
    "Run `lacuna setup` in a terminal.",
    "The daemon answered with status ",
    "The Lacuna engine needs Python ",
}
MAKE_ERRORS = {"_untrusted", "_not_writable"}


def test_wire_says_nothing_to_people_but_texts_for_translation_and_errors_with_codes():
    """What becomes of the errors in an editor is up to tests/wire/test_refusals.py."""
    made = {name for name in dir(errors) if name[0].isupper()} | MAKE_ERRORS
    found = set()
    for path in (ROOT / "shared/lacuna_wire").rglob("*.py"):
        if path.name not in TEXTS_OF_THE_WIRE | WORDS_OF_OTHERS:
            tree = ast.parse(path.read_text("utf-8"))
            fine = docstrings_of(tree) | parts_of_calls(tree, made)
            texts = (node for node in ast.walk(tree) if is_sentence(node) and id(node) not in fine)
            found |= {node.value for node in texts}

    assert found == {*PARTS_OF_ERRORS, "Application Support"}  # the last is a folder
