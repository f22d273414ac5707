"""What the page has done by commands of the program: the examination, and the download."""

import http.server
import json
import sys
import threading
import time
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest

from lacuna.network.published import PUBLISHED

from .conftest import SAFETY_S, eventually, runs
from .pages import Visitor

LACUNA = [sys.executable, "-P", "-m", "lacuna"]
BIG_LAMA = PUBLISHED["big-lama"]
# Stands for the program where a test has to choose what it prints, or how long it takes.
SLEEPER = "import os, sys, time; print(os.getpid(), file=open(sys.argv[1], 'w')); time.sleep(600)"
SAYS = "import sys; sys.stderr.write(sys.argv[1]); sys.exit(int(sys.argv[2]))"


@pytest.fixture
def visit(start, monkeypatch, tmp_path):
    """Start a daemon whose page runs a program, and sign in."""

    def visit(program, mirror="") -> Visitor:
        monkeypatch.setenv("LACUNA_MIRROR", mirror)
        monkeypatch.setenv("HOME", str(tmp_path))  # of editors, settings and weights
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
        daemon = start(program=program, published=["big-lama"], weights=["patches"])
        visitor = Visitor(daemon)
        visitor.sign_in()
        return visitor

    return visit


class SlowMirror(http.server.BaseHTTPRequestHandler):
    """Has the published file, and gives its bytes away slowly."""

    def do_GET(self):
        begin = int(self.headers.get("Range", "bytes=0-")[6:].partition("-")[0])
        self.server.asked.append((self.path, begin))
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(BIG_LAMA.size_bytes - begin))
        self.send_header("ETag", '"one"')
        if begin:
            last = BIG_LAMA.size_bytes
            self.send_header("Content-Range", f"bytes {begin}-{last - 1}/{last}")
        self.end_headers()
        with suppress(ConnectionError):
            while not self.server.ended.wait(0.05):
                self.wfile.write(bytes(1 << 20))

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def mirror():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), SlowMirror)
    server.asked, server.ended = [], threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.ended.set()
    server.shutdown()
    server.server_close()


def fetched(**wanted):
    return lambda state: all(state["fetch"][key] == value for key, value in wanted.items())


def test_examination_is_the_table_of_doctor(visit):
    visitor = visit(LACUNA)
    answer = visitor.post("/page/api/doctor")

    assert answer.status == 200, answer.json
    checks = {check["name"]: check for check in answer.json["checks"]}
    assert {"versions", "weights lacuna-small", "state folder", "daemon", "test fill"} <= set(
        checks
    )
    assert checks["test fill"]["state"] == "ok", checks
    assert str(visitor.daemon.process.pid) in checks["daemon"]["found"]
    assert answer.json["ok"] == all(check["state"] != "broken" for check in checks.values())
    loaded = Path(f"/proc/{visitor.daemon.process.pid}/maps").read_text()
    assert not any(library in loaded for library in ("numpy", "torch", "cv2"))


def test_examination_that_fails_is_the_sentence_of_the_command(visit):
    visitor = visit([sys.executable, "-c", SAYS, "noise\nlacuna: The <b>home</b> is gone.\n", "2"])
    answer = visitor.post("/page/api/doctor")

    assert (answer.status, answer.code) == (500, "examination")
    assert answer.json["error"]["message"] == "The <b>home</b> is gone."


def test_program_that_is_not_there_is_a_sentence(visit, tmp_path):
    answer = visit([str(tmp_path / "nothing")]).post("/page/api/doctor")

    assert (answer.status, answer.code) == (500, "not_started")
    assert "`lacuna doctor --json` cannot be started" in answer.json["error"]["message"]


def test_examination_ends_with_its_tab_and_there_is_one_at_a_time(visit, tmp_path):
    noted = tmp_path / "pid"
    visitor = visit([sys.executable, "-c", SLEEPER, str(noted)])
    tab = HTTPConnection("127.0.0.1", visitor.daemon.port, timeout=SAFETY_S)
    tab.request("POST", "/page/api/doctor", "{}", visitor.headers)
    eventually(lambda: noted.exists() and noted.read_text().strip())
    second = visitor.post("/page/api/doctor")
    assert (second.status, second.code) == (409, "busy")
    tab.close()

    eventually(lambda: not runs(int(noted.read_text())))
    noted.unlink()  # and another one may begin
    tab = HTTPConnection("127.0.0.1", visitor.daemon.port, timeout=SAFETY_S)
    tab.request("POST", "/page/api/doctor", "{}", visitor.headers)
    eventually(lambda: noted.exists() and noted.read_text().strip())
    tab.close()


def test_download_tells_its_progress_is_cancelled_and_goes_on_from_there(visit, mirror):
    visitor = visit(LACUNA, f"http://127.0.0.1:{mirror.server_port}/")
    begun = visitor.post("/page/api/fetch")
    assert (begun.status, begun.json["state"]) == (202, "running")
    assert visitor.post("/page/api/fetch").status == 409
    seen = []
    for state in visitor.states():
        seen.append(state["fetch"]["bytes"])
        if seen[-1] > 5 << 20:
            break
    assert seen == sorted(seen)
    assert state["fetch"]["total"] == BIG_LAMA.size_bytes

    assert visitor.post("/page/api/fetch/cancel").json["state"] == "cancelled"
    assert visitor.state()["fetch"]["offered"] == ["big-lama"]
    visitor.post("/page/api/fetch")
    visitor.state(lambda state: state["fetch"]["bytes"] > seen[-1])
    visitor.post("/page/api/fetch/cancel")

    assert [path for path, _ in mirror.asked] == [f"/{BIG_LAMA.file_name}"] * 2
    assert mirror.asked[0][1] == 0
    assert mirror.asked[1][1] >= 4 << 20


def test_download_that_fails_is_the_sentence_of_the_command(visit):
    visitor = visit(LACUNA, "http://127.0.0.1:9/")
    visitor.post("/page/api/fetch")
    fetch = visitor.state(fetched(state="failed"))["fetch"]

    assert "cannot be downloaded" in fetch["message"]
    assert "lacuna weights import big-lama.pt" in fetch["message"]


def test_download_that_is_done_says_so(visit, tmp_path):
    lines = [json.dumps({"bytes": 7, "total": 9}), "noise", json.dumps({"bytes": 9, "total": 9})]
    program = [sys.executable, "-c", "import sys; print(sys.argv[1])", "\n".join(lines)]
    visitor = visit(program)
    visitor.post("/page/api/fetch")
    fetch = visitor.state(fetched(state="done"))["fetch"]

    assert (fetch["bytes"], fetch["total"], fetch["message"]) == (9, 9, "")


def test_download_goes_on_without_a_tab_and_ends_with_the_daemon(visit, tmp_path):
    noted = tmp_path / "pid"
    visitor = visit([sys.executable, "-c", SLEEPER, str(noted)])
    visitor.post("/page/api/fetch")
    eventually(lambda: noted.exists() and noted.read_text().strip())
    child = int(noted.read_text())
    time.sleep(0.2)
    assert runs(child)
    assert visitor.daemon.stop() == 0

    assert not runs(child)
    assert "ERROR" not in visitor.daemon.log


def test_no_name_and_no_path_reaches_a_command(visit):
    visitor = visit(LACUNA)
    for body in ({"name": "big-lama"}, {"from": "http://evil.example/"}, {"mirror": "x"}):
        for path in ("/page/api/fetch", "/page/api/fetch/cancel", "/page/api/doctor"):
            assert visitor.post(path, body).status == 400
    assert visitor.state()["fetch"]["state"] == ""
