"""Replies are read tolerantly: a plug-in may be older than the daemon, or newer."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacuna_wire import JobStatus, Rect
from lacuna_wire.errors import BadReply, LacunaError
from lacuna_wire.messages import JobEstimate, Ticket

STATUS = JobStatus(
    "an id", "running", revision=7, phase="filling", tiles_done=3, tiles_total=9, percent=33.5,
    eta_s=12.0,
)  # fmt: skip
TICKET = {
    "id": "an id", "state": "created", "window": {"left": 1, "top": 2, "width": 3, "height": 4},
    "tiles": 4, "estimate_s": None, "input_bytes": 60,
}  # fmt: skip
ESTIMATE = JobEstimate(Rect(1, 2, 3, 4), 60, 4, 2.5)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1), json_values, max_size=4))
def test_keys_that_a_newer_daemon_adds_are_left_alone(added):
    status = {**added, **STATUS.as_dict()}
    ticket = {**added, **TICKET}

    assert JobStatus.from_dict(status) == STATUS
    assert Ticket.from_dict(ticket) == Ticket("an id", Rect(1, 2, 3, 4), 60, 4, None)
    assert JobEstimate.from_dict({**added, **ESTIMATE.as_dict()}) == ESTIMATE


def test_key_that_a_newer_daemon_adds_to_a_rectangle_is_left_alone():
    window = {**TICKET["window"], "unit": "px"}

    assert Ticket.from_dict({**TICKET, "window": window}).window == Rect(1, 2, 3, 4)


@pytest.mark.parametrize("key", sorted(set(STATUS.as_dict()) - {"id", "state"}))
def test_key_that_an_older_daemon_lacks_takes_its_default(key):
    fields = STATUS.as_dict()
    del fields[key]

    assert JobStatus.from_dict(fields) == STATUS._replace(**{key: JobStatus._field_defaults[key]})


@pytest.mark.parametrize(
    ("kind", "fields", "key"),
    [
        (JobStatus, STATUS.as_dict(), "id"),
        (JobStatus, STATUS.as_dict(), "state"),
        (Ticket, TICKET, "id"),
        (Ticket, TICKET, "window"),
        (Ticket, TICKET, "input_bytes"),
        (JobEstimate, ESTIMATE.as_dict(), "window"),
        (JobEstimate, ESTIMATE.as_dict(), "input_bytes"),
    ],
)
def test_reply_without_what_its_reader_needs_is_one_sentence_that_names_it(kind, fields, key):
    with pytest.raises(BadReply, match=f"has no {key}"):
        kind.from_dict({name: value for name, value in fields.items() if name != key})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("state", 5), ("state", None), ("revision", "7"), ("revision", True), ("revision", 7.5),
        ("percent", "half"), ("percent", float("nan")), ("percent", 10**400), ("eta_s", []),
        ("rect", [1, 2, 3, 4]), ("rect", {"left": -1, "top": 0, "width": 1, "height": 1}),
        ("rect", {"left": 0}),
    ],
    ids=lambda value: repr(value)[:30],
)  # fmt: skip
def test_known_key_of_another_type_is_one_short_sentence(key, value):
    with pytest.raises(BadReply) as caught:
        JobStatus.from_dict({**STATUS.as_dict(), key: value})

    assert len(str(caught.value)) < 200


def test_state_that_a_newer_daemon_invents_is_not_taken_for_an_end():
    status = JobStatus.from_dict({**STATUS.as_dict(), "state": "paused"})

    assert (status.state, status.ended) == ("paused", False)


@pytest.mark.parametrize("error", ["no", {}, {"code": 5}, {"code": "new_one", "message": "Why."}])
def test_reason_of_any_shape_becomes_an_error(error):
    status = JobStatus.from_dict({**STATUS.as_dict(), "error": error})

    assert isinstance(status.error, LacunaError)


@given(json_values | st.dictionaries(st.sampled_from([*STATUS.as_dict(), "window"]), json_values))
def test_whatever_json_comes_no_other_exception_leaves_the_reader(data):
    for kind in (JobStatus, Ticket, JobEstimate):
        with contextlib.suppress(LacunaError):
            json.dumps(kind.from_dict(data)._asdict(), default=str)
