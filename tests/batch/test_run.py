"""How a batch goes on, with real files and stand-ins for the fill."""

import signal
import threading
import time

import cv2
import numpy as np
import pytest

from lacuna.batch import run
from lacuna.batch.items import DONE, FAILED, NOT_BEGUN, SKIPPED, BatchItem
from lacuna.batch.run import Way, output_folders, run_batch
from lacuna.files import WHITE_IS_MISSING, MaskMeaning
from lacuna.removal import Removed
from lacuna_wire import Options
from lacuna_wire.errors import DaemonUnreachable, LacunaError, QueueFull
from tests.files.pictures import write_png

PATIENCE_S = 30  # with a thread that has nothing to do but to read a small file


class Watching:
    """A watcher that remembers."""

    def __init__(self):
        self.told, self.begun, self.said = [], [], []

    def begin(self, item):
        self.begun.append(item.name)

    def show(self, status):
        pass

    def remark(self, item, sentence):
        self.said.append((item.name, sentence))

    def ended(self, ended):
        self.told.append(ended)


@pytest.fixture
def items(tmp_path):
    """Five pictures; the second is none, and the third has a mask of another size."""
    (tmp_path / "out").mkdir()
    rng = np.random.default_rng(1)
    mask = np.zeros((32, 40), np.uint8)
    mask[10:20, 10:20] = 255
    made = []
    for name in "abcde":
        image, own = tmp_path / f"{name}.png", tmp_path / f"{name}_mask.png"
        write_png(image, rng.integers(0, 256, (32, 40, 3)).astype(np.uint8))
        cv2.imwrite(str(own), mask if name != "c" else mask[:9, :9])
        made.append(BatchItem(image, own, tmp_path / "out" / image.name, name))
    (tmp_path / "b.png").write_text("no picture")
    return made


def gray(removal, on_progress):
    """A fill that makes the bounds of the hole gray."""
    rect = removal.request.selection
    return Removed([(rect, np.full((rect.height, rect.width, 3), 128, np.uint8))], 0)


def states(items, fill=gray, meaning=WHITE_IS_MISSING, **more):
    watcher = Watching()
    run_batch(items, Way(Options(result="composite"), meaning, fill, **more), watcher)
    return watcher, {ended.item.name: ended for ended in watcher.told}


def written(items):
    """Outputs that are there; hidden is what the thread that reads tries the folder with."""
    folder = items[0].out.parent
    return {path.stem for path in folder.iterdir() if not path.name.startswith(".")}


def test_bad_pictures_have_reasons_and_all_others_are_written(items):
    watcher, ended = states(items)

    assert [ended[name].state for name in "abcde"] == [DONE, FAILED, FAILED, DONE, DONE]
    assert (ended["b"].code, ended["c"].code) == ("not_a_picture", "mask_size")
    assert "9 x 9 px, its picture has 40 x 32 px" in ended["c"].reason
    assert written(items) == {"a", "d", "e"}
    assert (ended["a"].width, ended["a"].height) == (40, 32)
    assert (cv2.imread(str(items[3].out))[12:18, 12:18] == 128).all()
    assert watcher.begun == list("abcde")


def test_what_nobody_has_foreseen_is_a_reason_too(items):
    def fill(removal, on_progress):
        if removal.out.stem == "a":
            raise ZeroDivisionError("division by zero")
        if removal.out.stem == "d":
            raise MemoryError
        return gray(removal, on_progress)

    _, ended = states(items, fill)

    assert ended["a"].reason == "Lacuna itself failed, with ZeroDivisionError: division by zero."
    assert "d.png needs more memory" in ended["d"].reason
    assert written(items) == {"e"}


def test_next_picture_is_read_while_one_is_filled(items, monkeypatch):
    """The fill of the first ends only when the fourth, the next that can be read, was read."""
    read, real = {item.name: threading.Event() for item in items}, run.prepared

    def prepared(item, way):
        try:
            return real(item, way)
        finally:
            read[item.name].set()

    def fill(removal, on_progress):
        following = {"a": "b", "d": "e"}.get(removal.out.stem)
        assert following is None or read[following].wait(PATIENCE_S)
        return gray(removal, on_progress)

    monkeypatch.setattr(run, "prepared", prepared)

    _, ended = states(items, fill)

    assert ended["a"].state == ended["d"].state == DONE


def test_next_picture_is_not_read_early_where_memory_is_short(items, monkeypatch):
    """4 x 32 x 40 px of 3 bytes are 15,360."""
    reading, real = [], run.prepared

    def prepared(item, way):
        reading.append(item.name)
        return real(item, way)

    def fill(removal, on_progress):
        time.sleep(0.05)  # for a thread that would read
        assert reading[-1] == removal.out.stem
        return gray(removal, on_progress)

    monkeypatch.setattr(run, "prepared", prepared)
    monkeypatch.setattr(run, "free_memory_bytes", lambda: 15_359)

    _, ended = states(items, fill)

    assert [ended[name].state for name in "abcde"] == [DONE, FAILED, FAILED, DONE, DONE]


def test_interrupt_tells_of_what_was_written_by_then(items):
    def fill(removal, on_progress):
        if removal.out.stem == "d":
            raise KeyboardInterrupt
        return gray(removal, on_progress)

    watcher = Watching()
    with pytest.raises(KeyboardInterrupt):
        run_batch(items, Way(Options(result="composite"), MaskMeaning(), fill), watcher)

    assert [ended.item.name for ended in watcher.told if ended.state == DONE] == ["a"]
    assert written(items) == {"a"}


def test_interrupt_just_after_the_writing_does_not_deny_it(items, monkeypatch):
    def hints(*_any):
        raise KeyboardInterrupt

    monkeypatch.setattr("lacuna.batch.remarks.after", hints)
    watcher = Watching()
    with pytest.raises(KeyboardInterrupt):
        run_batch(items, Way(Options(result="composite"), MaskMeaning(), gray), watcher)

    assert [(ended.item.name, ended.state) for ended in watcher.told] == [("a", DONE)]


def test_interrupt_while_a_picture_is_told_comes_when_it_is_told(items):
    class Pressing(Watching):
        def ended(self, ended):
            signal.raise_signal(signal.SIGINT)
            super().ended(ended)

    watcher = Pressing()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_batch(items, Way(Options(result="composite"), MaskMeaning(), gray), watcher)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)

    assert [(ended.item.name, ended.state) for ended in watcher.told] == [("a", DONE)]


def test_without_any_daemon_the_rest_is_not_begun(items, monkeypatch):
    def connect():
        raise DaemonUnreachable("No daemon can be started.")

    def fill(removal, on_progress):
        raise DaemonUnreachable("The connection was lost.")

    monkeypatch.setattr(run, "connect", connect)

    _, ended = states(items, fill)

    assert ended["a"].reason == "The connection was lost."
    for name in "bcde":
        assert (ended[name].state, ended[name].code) == (SKIPPED, NOT_BEGUN)
        assert ended[name].reason == "It was not begun. No daemon can be started."


def test_picture_that_ends_two_daemons_does_not_end_the_batch(items, monkeypatch):
    def fill(removal, on_progress):
        if removal.out.stem == "a":
            raise DaemonUnreachable("The connection was lost.")
        return gray(removal, on_progress)

    monkeypatch.setattr(run, "connect", lambda: None)

    _, ended = states(items, fill)

    assert [ended[name].state for name in "ade"] == [FAILED, DONE, DONE]


def test_full_queue_is_waited_for_in_a_batch_and_refused_otherwise(items, monkeypatch):
    monkeypatch.setattr(run, "ASK_AGAIN_S", 0.01)
    tries = []

    def fill(removal, on_progress):
        tries.append(removal.out.stem)
        if len(tries) < 4:
            raise QueueFull("The daemon has 8 jobs.")
        return gray(removal, on_progress)

    _, ended = states(items[:1], fill)
    assert (ended["a"].state, len(tries)) == (DONE, 4)

    tries.clear()
    _, ended = states(items[:1], fill, waits_for_room=False)
    assert (ended["a"].code, len(tries)) == ("queue_full", 1)


def test_folders_of_outputs_are_made_and_empty_ones_go_again(items, tmp_path):
    new = tmp_path / "new"
    moved = [
        item._replace(out=new / folder / item.out.name)
        for item, folder in zip(items[:2], ("1", "2"), strict=True)
    ]

    with output_folders(moved):
        states(moved)

    assert sorted(path.relative_to(new).as_posix() for path in new.rglob("*")) == ["1", "1/a.png"]


def test_what_killed_writers_have_left_is_removed(items):
    part = items[0].out.with_name(".lacuna-0123456789abcdef.part")
    part.write_bytes(b"half a picture")

    with output_folders(items):
        states(items)

    assert not part.exists()
    assert written(items) == {"a", "d", "e"}


@pytest.mark.parametrize(
    ("share", "meaning", "words"),
    [
        (0.98, MaskMeaning(), "selects 98 % of the picture. If its black is what is to go, add"),
        (0.1, MaskMeaning(inverted=True), "selects 90 % of the picture. If its white is what is"),
    ],
)
def test_mask_that_is_probably_inverted_is_said_to_be_before_it_is_filled(
    items, share, meaning, words
):
    mask = np.zeros((32, 40), np.uint8)
    mask.flat[: round(share * mask.size)] = 255
    cv2.imwrite(str(items[0].mask), mask)
    before = []

    def fill(removal, on_progress):
        before.extend(watcher.said)
        return gray(removal, on_progress)

    watcher = Watching()
    run_batch(items[:1], Way(Options(result="composite"), meaning, fill), watcher)

    assert words in before[0][1]
    assert before[0][1].count("--invert") == 1
    assert watcher.told[0].remarks[0] == before[0][1]


def test_mask_without_white_is_said_to_leave_what_it_covers(items):
    mask = np.zeros((32, 40), np.uint8)
    mask[10:20, 10:20] = 102
    cv2.imwrite(str(items[0].mask), mask)

    watcher, _ = states(items[:1])
    cut, _ = states(items[:1], meaning=MaskMeaning(threshold=51))

    [(_, sentence)] = watcher.said
    assert "Nothing in a_mask.png is white" in sentence
    assert "60 % or more will show through" in sentence
    assert sentence.endswith("--mask-threshold 51 takes what is brighter than that for white.")
    assert cut.said == []


def test_ordinary_mask_is_nothing_to_remark(items):
    watcher, _ = states(items)

    assert watcher.said == []


def test_errors_keep_the_code_that_programs_know(items):
    def fill(removal, on_progress):
        raise LacunaError("No such weights.", code="no_such_weights")

    _, ended = states(items[:1], fill)

    assert (ended["a"].code, ended["a"].reason) == ("no_such_weights", "No such weights.")
