"""The report of a batch: whole lines only, whatever ended the run that wrote it."""

import json
from pathlib import Path

import pytest

from lacuna.batch.items import DONE, FAILED, BatchItem, Ended
from lacuna.batch.report import report_at, whole_lines
from lacuna_wire.errors import LacunaError, NoSpace


def ended(name, state=DONE):
    item = BatchItem(Path(f"{name}.png"), Path("mask.png"), Path(f"out/{name}.png"), name)
    return Ended(item, state, seconds=1.23456, width=40, height=30, remarks=("Odd, “this”.",))


def write(path, *names):
    with report_at(path) as report:
        for name in names:
            report.add(ended(name))


def test_every_line_is_on_the_disk_as_soon_as_its_picture_has_ended(tmp_path):
    path = tmp_path / "r.jsonl"
    with report_at(path) as report:
        for count, name in enumerate(("a", "b", "c"), 1):
            report.add(ended(name, FAILED))
            lines = whole_lines(path)
            assert [line["picture"] for line in lines] == ["a.png", "b.png", "c.png"][:count]
    assert lines[0]["remarks"] == ["Odd, “this”."]
    assert lines[0]["seconds"] == 1.235
    assert (lines[0]["state"], lines[0]["mask"]) == (FAILED, "mask.png")


def test_fields_are_those_that_the_page_explains(tmp_path):
    write(tmp_path / "r.jsonl", "a")
    page = (Path(__file__).parents[2] / "docs/batches.md").read_text("utf-8")
    explained = {
        line.split("`")[1] for line in page.splitlines() if line.startswith("| `") and "`" in line
    }

    assert set(whole_lines(tmp_path / "r.jsonl")[0]) <= explained


@pytest.mark.parametrize("cut", [1, 2, 40, -1])
def test_half_line_is_neither_trusted_nor_in_the_way(tmp_path, cut):
    """Cut anywhere in its last line, a report goes on with the next whole one."""
    path = tmp_path / "r.jsonl"
    write(path, "a", "b")
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    path.write_bytes(whole[: first + cut] if cut > 0 else whole[:cut])

    assert [line["picture"] for line in whole_lines(path)] == ["a.png"]
    write(path, "c")

    assert [line["picture"] for line in whole_lines(path)] == ["a.png", "c.png"]
    assert all(json.loads(line) for line in path.read_text("utf-8").splitlines())


def test_report_of_which_nothing_but_a_half_line_is_left_begins_anew(tmp_path):
    path = tmp_path / "r.jsonl"
    write(path, "a")
    path.write_bytes(path.read_bytes()[:60])

    write(path, "b")

    assert [line["picture"] for line in whole_lines(path)] == ["b.png"]


def test_whole_lines_longer_than_what_is_looked_at_at_once_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("lacuna.batch.report.LOOKED_AT_BYTES", 7)
    path = tmp_path / "r.jsonl"
    write(path, "a", "b")
    path.write_bytes(path.read_bytes() + b'{"run": "half')

    write(path, "c")

    assert [line["picture"] for line in whole_lines(path)] == ["a.png", "b.png", "c.png"]


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n", b"{}\n", b"one line\nanother\n"])
def test_file_that_is_no_report_stays_as_it_is(tmp_path, content):
    path = tmp_path / "photo.png"
    path.write_bytes(content)

    with pytest.raises(LacunaError, match="not a report") as refusal, report_at(path):
        pass

    assert refusal.value.code == "output_exists"
    assert path.read_bytes() == content


def test_place_where_no_report_can_be_is_one_sentence(tmp_path):
    with pytest.raises(LacunaError, match="cannot be written") as refusal:
        write(tmp_path / "gone" / "r.jsonl", "a")
    assert refusal.value.code == "not_writable"


def test_full_disk_is_one_sentence_and_its_half_line_is_cut_later(tmp_path, disk_of):
    disk = disk_of("64k")
    path = disk / "r.jsonl"
    with pytest.raises(NoSpace, match=r"r.jsonl cannot be written"):
        write(path, *map(str, range(1000)))
    count = len(whole_lines(path))

    path.write_bytes(path.read_bytes()[:20_000])
    write(path, "last")

    assert 10 < len(whole_lines(path)) <= count
    assert path.read_bytes().endswith(b"\n")
