"""What the worker says is taken only if it is exactly a message; and no word ends the reader."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacuna.service.orders import Filled, check_filled, progress_message
from lacuna.service.spool import SpoolFiles
from lacuna.service.worker_words import BrokenWord, read_ready, read_word
from lacuna_wire import LacunaError, Rect
from lacuna_wire.messages import Progress

from .conftest import request

PROGRESS = progress_message("id", Progress("filling", 1, 2, 50.0))
DONE = {
    "type": "done", "id": "id", "rect": [0, 1, 2, 3], "tiles": 4, "device": "cpu",
    "result": "layer", "grown_px": 0, "weights": "lacuna-small",
}  # fmt: skip
FAILED = {
    "type": "failed", "id": "id", "code": "no_context", "status": 422, "message": "Why.",
    "values": {"pixels": 5, "share": 0.5, "name": "x"},
}  # fmt: skip


def line(word, /, **changes) -> bytes:
    return json.dumps({**word, **changes}).encode() + b"\n"


def test_what_a_worker_says_arrives_as_it_was_said():
    assert read_word(line(PROGRESS), "id") == Progress("filling", 1, 2, 50.0)
    assert read_word(line(DONE), "id") == Filled(
        Rect(0, 1, 2, 3), 4, "cpu", "layer", 0, "lacuna-small"
    )
    error = read_word(line(FAILED), "id")
    assert (error.code, error.status, error.message) == ("no_context", 422, "Why.")
    assert error.values == FAILED["values"]
    assert read_word(line({"type": "cancelled", "id": "id"}), "id").code == "cancelled"
    assert read_ready(b'{"type": "ready", "device": "cuda:0"}') == "cuda:0"


def test_worker_before_these_keys_and_one_after_them_are_understood():
    older = {key: value for key, value in DONE.items() if key not in ("grown_px", "weights")}
    assert read_word(line(older), "id").weights == ""
    assert read_word(line(DONE, later={"more": [1]}), "id").tiles == 4
    assert read_ready(b'{"type": "ready"}') == ""


@given(st.builds(Progress, percent=st.floats(0, 100), tiles_done=st.just(0)))
def test_progress_passes_the_pipe_as_it_is_even_from_a_newer_worker(progress):
    progress = progress._replace(
        phase="".join(filter(str.isprintable, progress.phase))[:200],
        tiles_total=abs(progress.tiles_total) % 1000,
    )
    assert read_word(line(progress_message("id", progress), later=1), "id") == progress


BROKEN = [
    (PROGRESS, {"percent": float("nan")}),
    (PROGRESS, {"percent": float("inf")}),
    (PROGRESS, {"percent": -1}),
    (PROGRESS, {"percent": 101}),
    (PROGRESS, {"percent": "50"}),
    (PROGRESS, {"percent": True}),
    (PROGRESS, {"percent": 10**300}),
    (PROGRESS, {"tiles_done": 1.5}),
    (PROGRESS, {"tiles_done": True}),
    (PROGRESS, {"tiles_done": -1}),
    (PROGRESS, {"tiles_done": 3}),
    (PROGRESS, {"tiles_total": 10**30}),
    (PROGRESS, {"phase": 5}),
    (PROGRESS, {"phase": "x" * 201}),
    (PROGRESS, {"phase": "x\ny"}),
    (PROGRESS, {"phase": None}),
    (PROGRESS, {"id": "other"}),
    (PROGRESS, {"id": ["id"]}),
    (PROGRESS, {"type": "unheard"}),
    (PROGRESS, {"type": ["progress"]}),
    (PROGRESS, {"type": {}}),
    (DONE, {"rect": [0, 0, -1, 5]}),
    (DONE, {"rect": [-1, 0, 2, 2]}),
    (DONE, {"rect": [0, 0, 0, 5]}),
    (DONE, {"rect": [0, 0, 1.5, 2]}),
    (DONE, {"rect": [0, 0, 1.0, 2]}),
    (DONE, {"rect": [0, 0, "1", 2]}),
    (DONE, {"rect": [0, 0, True, 2]}),
    (DONE, {"rect": [0, 0, 1]}),
    (DONE, {"rect": [0, 0, 1, 1, 1]}),
    (DONE, {"rect": [0, 0, 70_000, 1]}),
    (DONE, {"rect": {"left": 0}}),
    (DONE, {"rect": "0123"}),
    (DONE, {"tiles": "4"}),
    (DONE, {"tiles": None}),
    (DONE, {"device": 5}),
    (DONE, {"device": "\ud800"}),
    (DONE, {"result": "auto"}),
    (DONE, {"result": ["layer"]}),
    (DONE, {"weights": 5}),
    (DONE, {"grown_px": "many"}),
    (FAILED, {"code": 5}),
    (FAILED, {"code": "No Context"}),
    (FAILED, {"status": "422"}),
    (FAILED, {"status": 200}),
    (FAILED, {"status": 10**20}),
    (FAILED, {"message": ["Why."]}),
    (FAILED, {"message": "x" * 5000}),
    (FAILED, {"message": "\ud800"}),
    (FAILED, {"values": [1]}),
    (FAILED, {"values": {"pixels": [1]}}),
    (FAILED, {"values": {"pixels": float("nan")}}),
    (FAILED, {"values": {"pixels": True}}),
    (FAILED, {"values": {"a b": 1}}),
    (FAILED, {"values": {f"n{number}": 1 for number in range(21)}}),
]


@pytest.mark.parametrize(("message", "change"), BROKEN, ids=str)
def test_word_of_a_wrong_type_or_range_is_broken(message, change):
    with pytest.raises(BrokenWord):
        read_word(line(message, **change), "id")


@pytest.mark.parametrize("message", [PROGRESS, DONE, FAILED], ids=lambda message: message["type"])
def test_word_without_a_key_that_it_needs_is_broken(message):
    for key in set(message) - {"grown_px", "weights", "values"}:
        shorter = {name: value for name, value in message.items() if name != key}
        with pytest.raises(BrokenWord):
            read_word(line(shorter), "id")


HOSTILE_LINES = {
    "nested lists": b"[" * 60_000,
    "nested objects": b'{"a":' * 12_000,
    "nested and closed": b"[" * 30_000 + b"]" * 30_000,
    "long number": b'{"type": "done", "id": "id", "tiles": ' + b"9" * 60_000 + b"}",
    "key twice": b'{"type": "cancelled", "id": "other", "id": "id"}',
    "no UTF-8": b'{"type": "cancelled", "id": "id", "x": "\xff"}',
    "other UTF": '{"type": "cancelled", "id": "id"}'.encode("utf-16"),
    "half a line": b'{"type": "cancelled", "id"',
    "list": b"[1, 2]",
    "text": b'"done"',
    "nothing": b"\n",
    "huge exponent": b'{"type": "progress", "id": "id", "phase": "", "tiles_done": 0,'
    b' "tiles_total": 0, "percent": 1e999}',
}


@pytest.mark.parametrize("name", HOSTILE_LINES)
def test_line_that_is_no_message_is_broken_and_ends_nothing(name):
    with pytest.raises(BrokenWord):
        read_word(HOSTILE_LINES[name], "id")
    assert read_ready(HOSTILE_LINES[name]) is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.sampled_from([PROGRESS, DONE, FAILED]), st.data())
def test_any_value_in_any_place_gives_a_word_in_its_ranges_or_a_broken_one(message, data):
    key = data.draw(st.sampled_from(sorted(message)))
    try:
        word = read_word(line(message, **{key: data.draw(anything)}), "id")
    except BrokenWord:
        return
    if isinstance(word, Progress):
        assert 0 <= word.percent <= 101
        assert 0 <= word.tiles_done <= (word.tiles_total or word.tiles_done)
    elif isinstance(word, Filled):
        assert min(word.rect.width, word.rect.height) >= 1
        json.dumps([word.device, word.weights, word.result]).encode()
    else:
        assert isinstance(word, LacunaError)
        json.dumps(word.as_dict(), allow_nan=False).encode()


@given(st.binary(max_size=200))
def test_no_bytes_end_the_reader(data):
    read_ready(data)
    with pytest.raises(BrokenWord):
        read_word(data, "id")


@pytest.mark.parametrize("output", ["file", "short", "outside", "missing", "link", "folder"])
def test_result_is_a_file_of_the_right_size_inside_its_window_or_an_error(tmp_path, output):
    rect = Rect(5, 5, 1, 1)
    files = SpoolFiles(tmp_path / "in", tmp_path / "out")
    if output in ("file", "short", "outside"):
        files.output.write_bytes(bytes(3 if output == "short" else 4))
    elif output == "link":
        files.output.symlink_to("four")  # as long as the pixel
    elif output == "folder":
        files.output.mkdir()
    window = Rect(0, 0, 5, 5) if output == "outside" else Rect(0, 0, 6, 6)
    filled = Filled(rect, 1, "cpu", "layer")
    if output == "file":
        check_filled(filled, request(), window, files)
        return
    with pytest.raises(LacunaError, match="4 were due"):
        check_filled(filled, request(), window, files)
