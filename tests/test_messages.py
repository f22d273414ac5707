"""Every message that a user may meet is made of whole sentences.

It begins with a capital letter, a digit, a quotation mark or a value, and ends with a full stop.
Read from the source: what is given to an error, in the daemon, the wire and both plug-ins, and what
these say of the daemon's errors.
"""

import ast
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from lacuna_wire import errors
from lacuna_wire.refusals import REFUSALS

ROOT = Path(__file__).parents[1]
FOLDERS = ("daemon/lacuna", "shared/lacuna_wire", "gimp_plugin/lacuna-gimp", "krita_plugin")
SOURCES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8"))
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*.py")
    if "_vendor" not in path.parts
}
VALUE = "\0"  # in a message: what is not known before it runs
# Values that are sentences themselves, so that nothing has to follow them.
SENTENCE = re.compile(r"\b(message|reason|sentence|refusal|REMEDY)\b")
BEGINNING = re.compile(rf"[A-Z0-9\"'`“{VALUE}]|[a-z_]+\.[a-z_{VALUE}]")  # the last: a key
# Calls that carry a message in their first argument without being errors of ours.
ALSO = {"BadParameter", "UsageError", "ClickException", "fail"}


class Message(NamedTuple):
    """A message in the source; the values in it are `VALUE`."""

    file: str
    line: int
    text: str


def error_names() -> set[str]:
    """Names of `LacunaError` and of every class below it, in all files, at any depth."""
    bases = {
        node.name: {getattr(base, "id", getattr(base, "attr", "")) for base in node.bases}
        for tree in SOURCES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    names = {"LacunaError"}
    while more := {name for name, its in bases.items() if its & names} - names:
        names |= more
    return names


ERRORS = error_names()


def text_of(node: ast.AST) -> list[str]:
    """All texts that an expression may give, as far as the source shows them."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr):
        return ["".join(map(part_of, node.values))]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = text_of(node.left) or [VALUE], text_of(node.right) or [VALUE]
        return [one + other for one in left for other in right]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return [re.sub(r"%[sd]", VALUE, text) for text in text_of(node.left)]
    if isinstance(node, ast.IfExp):
        return text_of(node.body) + text_of(node.orelse)
    if isinstance(node, ast.BoolOp):
        return [text for value in node.values for text in text_of(value)]
    if isinstance(node, ast.Call):
        name = name_of(node)
        if name == "_" and node.args:  # a translation
            return text_of(node.args[0])
        if name == "format" and isinstance(node.func, ast.Attribute):
            return [re.sub(r"\{[^}]*\}", VALUE, text) for text in text_of(node.func.value)]
    return []


def part_of(part: ast.expr) -> str:
    """Text of a part of an f-string."""
    if isinstance(part, ast.Constant):
        return str(part.value)
    return "This is one." if SENTENCE.search(ast.unparse(part)) else VALUE


def name_of(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def messages_in(file: str, tree: ast.AST) -> list[Message]:
    """Every message of a file: first arguments, also through a variable of the same function."""
    found = []
    for function in ast.walk(tree):
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Module)):
            continue
        inside = own_nodes(function)
        assigned: dict[str, list[str]] = {}
        for node in inside:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                assigned.setdefault(node.targets[0].id, []).extend(text_of(node.value))
        for node in inside:
            if not isinstance(node, ast.Call) or not node.args:
                continue
            given = node.args[0]
            texts = assigned.get(given.id, []) if isinstance(given, ast.Name) else text_of(given)
            if name_of(node) == "echo":  # figures and columns are no sentences
                texts = [text.removeprefix("lacuna: ") for text in texts]
                texts = [text for text in texts if text[:1] != VALUE and "  " not in text]
            elif name_of(node) not in ERRORS | ALSO:
                continue
            found += [Message(file, node.lineno, text) for text in texts if text]
    return found


def own_nodes(function: ast.AST) -> list[ast.AST]:
    """Nodes of a function or module without those of functions inside it."""
    nodes, waiting = [], list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop()
        nodes.append(node)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            waiting += ast.iter_child_nodes(node)
    return nodes


MESSAGES = {file: messages_in(file, tree) for file, tree in SOURCES.items()}


def faults(message: Message) -> list[str]:
    text = message.text
    found = []
    if not BEGINNING.match(text):
        found.append("begins with neither a capital letter nor a value")
    if not text.endswith((".", "?")):
        found.append("does not end with a full stop")
    if text.strip() != text or "  " in text:
        found.append("has stray spaces")
    return found


@pytest.mark.parametrize("file", [file for file, found in MESSAGES.items() if found])
def test_every_message_is_whole_sentences(file):
    wrong = [
        f"{file}:{message.line}: {message.text.replace(VALUE, '{}')!r} {' and '.join(found)}"
        for message in MESSAGES[file]
        if (found := faults(message))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("code", REFUSALS)
def test_every_sentence_of_an_editor_is_whole(code):
    for sentence in REFUSALS[code]:
        message = Message(code, 0, re.sub(r"\{[^}]*\}", VALUE, sentence))
        assert not faults(message), sentence


def test_messages_of_all_parts_are_found():
    """Or the test above would pass because it sees nothing."""
    parts = [f"daemon/lacuna/{part}" for part in ("service", "files", "network", "engine")]
    for folder in (*FOLDERS, *parts):
        assert any(file.startswith(folder) and found for file, found in MESSAGES.items()), folder
    assert {cls.__name__ for cls in errors.CLASSES.values()} < ERRORS
    said = {message.text for found in MESSAGES.values() for message in found}
    assert "The request is not signed as the protocol says." in said
    assert f"The Lacuna daemon did not answer within {VALUE} s." in said


@pytest.mark.parametrize(
    ("source", "fine"),
    [
        ("BadRequest('The tile is too small.')", True),
        ("BadRequest(f'{name} is missing.')", True),
        ("BadRequest(f'options.{name} is 5.')", True),
        ("BadRequest(f'2 of {count} were done.')", True),
        ("BadRequest('the tile is too small.')", False),
        ("BadRequest('The tile is too small')", False),
        ("BadRequest(f'{path}: the reason')", False),
        ("BadRequest(f'{path} cannot be written: {why}')", False),
        ("BadRequest(f'{path} cannot be written. {error.reason}')", True),
        ("BadRequest('One. ' 'two')", False),
        ("BadRequest('It is ' + name + ' here.')", True),
        ("BadRequest('it' if short else 'That is it.')", False),
        ("click.echo('done')", False),
    ],
)
def test_rule_tells_a_sentence_from_half_of_one(source, fine):
    found = messages_in("x.py", ast.parse(source))

    assert found
    assert all(not faults(message) for message in found) == fine, found
