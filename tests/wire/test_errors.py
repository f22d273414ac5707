"""An error is the same on both ends of the wire."""

import json

import pytest

from lacuna_wire.errors import (
    CLASSES,
    Conflict,
    LacunaError,
    NotFound,
    QueueFull,
    error_from_dict,
)


@pytest.mark.parametrize("kind", CLASSES.values(), ids=lambda kind: kind.code)
def test_error_comes_back_as_itself(kind):
    sent = kind("one sentence with 3 numbers")

    received = error_from_dict(json.loads(json.dumps(sent.as_dict())), sent.status)

    assert type(received) is kind
    assert (received.code, received.status, received.message) == (
        sent.code,
        sent.status,
        sent.message,
    )


def test_values_come_along_and_a_message_without_any_is_as_it_always_was():
    sent = QueueFull("4 jobs.", values={"jobs": 4, "limit_s": 2.5, "name": "big-lama"})

    assert error_from_dict(json.loads(json.dumps(sent.as_dict()))).values == sent.values
    assert QueueFull("4 jobs.").as_dict() == {"error": {"code": "queue_full", "message": "4 jobs."}}


@pytest.mark.parametrize(
    "values", [None, [], "jobs", 4, {"jobs": [4]}, {"jobs": None, "all": True}]
)
def test_values_of_other_kinds_are_left_alone(values):
    answer = {"error": {"code": "queue_full", "message": "4 jobs.", "values": values}}

    error = error_from_dict(answer, 429)

    assert (error.message, error.values) == ("4 jobs.", {})


def test_values_that_are_no_numbers_are_left_alone():
    values = json.loads('{"seconds": NaN, "more": 1e999, "less": -Infinity}')
    answer = {"error": {"code": "stalled", "message": "No.", "values": values}}

    assert error_from_dict(answer).values == {}


def test_codes_and_classes_are_one_to_one():
    assert len({kind.code for kind in CLASSES.values()}) == len(CLASSES)
    assert set(CLASSES.values()) == set(LacunaError.__subclasses__()) - {
        kind for kind in LacunaError.__subclasses__() if kind.__module__ != "lacuna_wire.errors"
    }


def test_code_of_its_own_survives():
    received = error_from_dict(NotFound("gone", code="odd_one", status=418).as_dict(), 418)

    assert (received.code, received.status) == ("odd_one", 418)


def test_code_of_its_own_comes_back_as_the_class_of_its_status():
    received = error_from_dict(Conflict("taken", code="id_in_use").as_dict(), 409)

    assert type(received) is Conflict
    assert received.code == "id_in_use"


@pytest.mark.parametrize("answer", [None, [], "error", {}, {"error": "no"}, {"error": None}, 5])
def test_answer_that_is_no_error_still_gives_one_sentence(answer):
    error = error_from_dict(answer, 502)

    assert error.status == 502
    assert "502" in str(error)
