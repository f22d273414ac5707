"""What editors say of errors: in the user's language, with the numbers, whatever has come."""

import ast

import pytest

from lacuna_wire import errors
from lacuna_wire.errors import LacunaError, error_from_dict
from lacuna_wire.refusals import REFUSALS, names_in, refusal_text
from lacuna_wire.translation import find_catalogue
from tests.test_messages import ERRORS, SOURCES, name_of

GERMAN = find_catalogue(["de"]).gettext
SENTENCES = [(code, sentence) for code, found in REFUSALS.items() for sentence in found]
# What only a program meets that breaks the protocol, and what only the command line says.
FOR_PROGRAMS = {"daemon/lacuna/service/bodies.py", "shared/lacuna_wire/layout.py"}
# Where nobody knows any, or they are known only when it happens.
WITHOUT_NUMBERS = {
    ("daemon/lacuna/service/supervisor.py", "worker_died"),
    ("daemon/lacuna/service/worker_process.py", "out_of_memory"),
    ("shared/lacuna_wire/client.py", "daemon_unreachable"),
    ("shared/lacuna_wire/endpoint.py", "daemon_unreachable"),
}
COMMANDS = (
    "commands", "desktop", "files", "removal.py",
    *(f"network/{name}.py" for name in ("checkpoints", "download", "fetch", "index")),
)  # fmt: skip


def raised():
    """Every error that the source makes with a code known beforehand: place, code, its values."""
    for file, tree in SOURCES.items():
        parts = file.removeprefix("daemon/lacuna/")
        if file in FOR_PROGRAMS or parts.startswith(COMMANDS):
            continue
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or name_of(node) not in ERRORS:
                continue
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            code = getattr(errors, name_of(node), LacunaError).code
            if "code" in given:
                if not isinstance(given["code"], ast.Constant):
                    continue
                code = given["code"].value
            keys = getattr(given.get("values"), "keys", [])
            yield f"{file}:{node.lineno}", code, {key.value for key in keys if key is not None}


RAISED = list(raised())


@pytest.mark.parametrize(
    ("place", "code", "values"),
    [each for each in RAISED if each[1] in REFUSALS and each[1] != "bad_request"],
    ids=lambda each: ",".join(sorted(each)) if isinstance(each, set | frozenset) else str(each),
)
def test_editor_has_a_sentence_for_what_is_refused_with_its_numbers(place, code, values):
    said = next(names_in(each) for each in REFUSALS[code] if names_in(each) <= values)
    has_numbers = any(map(names_in, REFUSALS[code]))

    assert said or not has_numbers or (place.partition(":")[0], code) in WITHOUT_NUMBERS


def test_editor_has_a_sentence_for_all_that_its_own_side_of_the_wire_says():
    """The protocol's own refusals are for those who write clients."""
    codes = {code for place, code, _ in RAISED if place.startswith("shared/")}

    assert codes - set(REFUSALS) == set()
    assert {"daemon_unreachable", "protocol_mismatch", "untrusted_file", "bad_reply"} <= codes


@pytest.mark.parametrize(("code", "sentence"), SENTENCES)
def test_every_sentence_is_said_when_its_values_are_there(code, sentence):
    """A sentence of many values must not stand behind one of fewer."""
    values = {name: name.upper() for name in names_in(sentence)}
    error = LacunaError("As the daemon says it.", code=code, values=values)

    assert refusal_text(error) == sentence.format(**values)
    assert refusal_text(error, GERMAN) == GERMAN(sentence).format(**values)
    assert GERMAN(sentence) != sentence


@pytest.mark.parametrize("code", REFUSALS)
def test_newer_daemon_may_send_more_values_and_an_older_one_none(code):
    found = {name: 7 for sentence in REFUSALS[code] for name in names_in(sentence)}
    error = LacunaError("As the daemon says it.", code=code, values={**found, "colour": "red"})
    older = LacunaError("As the daemon says it.", code=code)

    assert refusal_text(error) in {
        sentence.format(**{name: "7 B" if name.endswith("_bytes") else 7 for name in found})
        for sentence in REFUSALS[code]
    }
    said = [sentence for sentence in REFUSALS[code] if not names_in(sentence)]
    assert refusal_text(older) == (said or ["As the daemon says it."])[0]


def test_unknown_code_and_the_editors_own_refusals_are_shown_as_they_are():
    assert refusal_text(LacunaError("Es ist nichts ausgewählt."), GERMAN) == (
        "Es ist nichts ausgewählt."
    )
    assert refusal_text(LacunaError("A new one.", code="of_tomorrow", values={"a": 1})) == (
        "A new one."
    )


def test_numbers_are_written_in_the_users_way():
    values = {"seconds": 1_234.5, "tiles_done": 1_000, "tiles_total": 24}
    answer = {"error": {"code": "stalled", "message": "It hung.", "values": values}}

    text = refusal_text(error_from_dict(answer, 503), GERMAN).replace("\u202f", " ")

    assert "1 234,5 s" in text
    assert "1 000 von 24 Teilen" in text


def test_values_of_the_daemon_are_not_taken_for_a_format():
    values = {"name": "{0.__class__} {side}", "installed": "{}"}
    error = LacunaError("No.", code="unknown_weights", values=values)

    assert "“{0.__class__} {side}”" in refusal_text(error)
