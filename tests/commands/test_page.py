"""`lacuna page`, as a user runs it: with a real daemon, and a program in the place of a browser."""

import re
import sys
import urllib.request
from urllib.parse import urlsplit

import pytest

from lacuna_wire import LacunaError
from lacuna_wire.endpoint import Endpoint
from lacuna_wire.errors import NotFound


@pytest.fixture
def opened(tmp_path):
    """Addresses that the browser was given so far."""
    noted = tmp_path / "opened"
    return lambda: noted.read_text().split() if noted.exists() else []


@pytest.fixture
def browser(tmp_path):
    """What the variable BROWSER has to say: a program that notes what it is to open."""
    program, noted = tmp_path / "browser", tmp_path / "opened"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nopen({str(noted)!r}, 'a').write(sys.argv[1] + '\\n')\n"
    )
    program.chmod(0o755)
    return str(program)


def test_page_starts_the_daemon_and_opens_the_browser_once(lacuna, browser, opened):
    ran = lacuna("page", env={"BROWSER": browser})

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    (address,) = opened()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/page/#[A-Za-z0-9_-]{43}", address)
    with urllib.request.urlopen(address.partition("#")[0], timeout=30) as answer:
        assert b"<title>Lacuna</title>" in answer.read()


def test_address_is_printed_alone_and_is_another_one_every_time(lacuna):
    runs = [lacuna("page", "--no-browser") for _ in range(2)]

    assert [run.returncode for run in runs] == [0, 0]
    first, second = (run.stdout for run in runs)
    assert first != second
    assert urlsplit(first.strip()).port == urlsplit(second.strip()).port
    assert first.count("\n") == 1
    assert runs[0].stderr == "It can be opened once, within a minute.\n"


def test_without_a_browser_the_address_is_told(lacuna, tmp_path):
    ran = lacuna("page", env={"BROWSER": str(tmp_path / "none"), "PATH": str(tmp_path)})

    assert ran.returncode == 0
    assert ran.stdout.startswith("http://127.0.0.1:")
    assert ran.stderr.startswith("No browser can be opened from here.")


def test_daemon_that_is_older_than_its_page_is_a_sentence(monkeypatch):
    from lacuna.commands import page
    from lacuna_wire import client, endpoint

    def refuse(self):
        raise NotFound("There is nothing at this address.")

    old = Endpoint(port=1, pid=1, instance="x", protocol=2, version="0.1.0", token="", key="")
    monkeypatch.setattr(endpoint, "find_daemon", lambda: old)
    monkeypatch.setattr(client.Client, "page", refuse)
    with pytest.raises(LacunaError) as refused:
        page.page_address()

    assert refused.value.code == "old_daemon"
    assert "`lacuna setup`" in refused.value.message
