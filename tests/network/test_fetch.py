"""A download ends with the right file or without one, whatever the server and the line do."""

import hashlib
import os
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lacuna.network import fetch
from lacuna.network.catalogue import PUBLISHED, Published, find_weights, is_intact
from lacuna.network.checkpoints import import_weights
from lacuna.network.download import MAX_TRIES, _write, download, from_github
from lacuna.network.fetch import fetch_weights
from lacuna.network.index import locked
from lacuna_wire import LacunaError

DATA = os.urandom(300_000)
OTHER = os.urandom(300_000)


class Server(ThreadingHTTPServer):
    """Serves `data` and breaks as told: one word of `faults` for each request, then none."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.data = DATA
        self.etag = '"first"'
        self.faults = []
        self.requests = []
        self.sent = 0
        self.ended = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/big-lama.pt"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_arguments):
        pass

    def do_GET(self):
        server = self.server
        server.requests.append(dict(self.headers))
        fault, _, value = (server.faults.pop(0) if server.faults else "").partition(" ")
        data, start = server.data, 0
        asked = re.fullmatch("bytes=([0-9]+)-", self.headers.get("Range", ""))
        if asked and fault != "no-range" and self.headers.get("If-Range") == server.etag:
            start = int(asked[1])
        if fault == "status":
            self.send_error(int(value))
            return
        if fault == "redirect":
            self.send_response(302)
            self.send_header("Location", value)
            self.end_headers()
            return
        if asked and start >= len(data):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if server.etag:
            self.send_header("ETag", server.etag)
        if fault != "no-length":
            self.send_header("Content-Length", value if fault == "length" else len(data) - start)
        if start:
            first = start + 1 if fault == "wrong-range" else start
            self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        body = data[start:]
        if fault == "cut":
            body = body[: int(len(data) * float(value)) - start]
        if fault == "hang":
            body = body[: len(body) // 2]
        if fault == "drip":
            for place in range(100):
                self.wfile.write(body[place : place + 1])
                if server.ended.wait(0.05):
                    return
        server.sent += len(body)  # before the client can have it all and look
        self.wfile.write(body)
        if fault == "hang":
            server.ended.wait(20)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.ended.set()
        server.shutdown()
        thread.join()


def published(server, data=DATA, max_bytes=1_000_000):
    return Published(server.url, hashlib.md5(data).hexdigest(), max_bytes, "Apache-2.0", "a paper")


def get(server, folder, what=None, stall_s=5.0, progress=lambda there, total: None):
    """Download from the server only, without waiting between the tries."""
    return download(
        what or published(server),
        folder,
        progress,
        allowed=lambda url: url.startswith("http://127.0.0.1:"),
        pause=lambda seconds: None,
        stall_s=stall_s,
    )


def test_file_arrives_whole_and_leaves_nothing_beside_it(server, tmp_path):
    seen = []

    path = get(server, tmp_path, progress=lambda there, total: seen.append((there, total)))

    assert path.read_bytes() == DATA
    assert os.listdir(tmp_path) == ["big-lama.pt"]
    assert seen[-1] == (len(DATA), len(DATA))
    assert seen == sorted(seen)
    assert server.requests[0]["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.99])
def test_download_goes_on_where_the_line_was_cut(part, server, tmp_path):
    server.faults = [f"cut {part}"]

    assert get(server, tmp_path).read_bytes() == DATA

    assert len(server.requests) == 2
    assert server.sent == len(DATA)  # nothing twice
    if part:
        assert server.requests[1]["Range"] == f"bytes={int(len(DATA) * part)}-"
        assert server.requests[1]["If-Range"] == '"first"'


def test_line_that_is_cut_again_and_again_is_continued_every_time(server, tmp_path):
    server.faults = ["cut 0.1", "cut 0.3", "status 503", "cut 0.5", "cut 0.99"]

    assert get(server, tmp_path).read_bytes() == DATA
    assert server.sent == len(DATA)


def test_next_run_goes_on_where_the_last_one_gave_up(server, tmp_path):
    server.faults = ["cut 0.4"] + ["status 503"] * (MAX_TRIES - 1)
    with pytest.raises(LacunaError, match=r"6 tries.*503.*120,000 bytes are kept") as caught:
        get(server, tmp_path)
    assert caught.value.code == "download_failed"

    assert get(server, tmp_path).read_bytes() == DATA
    assert server.sent == len(DATA)


def test_server_that_ignores_ranges_makes_the_download_begin_anew(server, tmp_path):
    server.faults = ["cut 0.5", "no-range"]

    assert get(server, tmp_path).read_bytes() == DATA
    assert server.sent == len(DATA) * 1.5


def test_file_that_changed_in_the_meantime_is_not_glued_to_the_old_one(server, tmp_path):
    server.faults = ["cut 0.5"] + ["status 503"] * (MAX_TRIES - 1)
    with pytest.raises(LacunaError):
        get(server, tmp_path)
    server.data, server.etag = OTHER, '"second"'

    assert get(server, tmp_path, published(server, OTHER)).read_bytes() == OTHER


@pytest.mark.parametrize("etag", ["", 'W/"weak"', "naked", '"with\x7fdelete"'])
def test_without_a_strong_etag_every_try_begins_anew(etag, server, tmp_path):
    server.etag = etag
    server.faults = ["cut 0.5"]

    assert get(server, tmp_path).read_bytes() == DATA
    assert "Range" not in server.requests[1]


def test_answer_for_another_range_is_not_appended(server, tmp_path):
    server.faults = ["cut 0.5", "wrong-range"]

    assert get(server, tmp_path).read_bytes() == DATA
    assert "Range" not in server.requests[2]


def test_partial_file_that_is_already_longer_is_thrown_away(server, tmp_path):
    (tmp_path / "big-lama.pt.part").write_bytes(DATA + b"more")
    (tmp_path / "big-lama.pt.part.etag").write_text('"first"')

    assert get(server, tmp_path).read_bytes() == DATA


def test_partial_file_of_nobody_knows_what_is_not_continued(server, tmp_path):
    (tmp_path / "big-lama.pt.part").write_bytes(OTHER[:1000])

    assert get(server, tmp_path).read_bytes() == DATA


def test_file_that_is_there_already_is_not_asked_for(server, tmp_path):
    (tmp_path / "big-lama.pt").write_bytes(DATA)

    assert get(server, tmp_path).read_bytes() == DATA
    assert not server.requests


def test_wrong_digest_is_refused_and_the_file_kept_as_bad(server, tmp_path):
    server.data = OTHER

    with pytest.raises(LacunaError, match=r"has the MD5 [0-9a-f]{32} instead of") as caught:
        get(server, tmp_path)

    assert caught.value.code == "bad_download"
    assert os.listdir(tmp_path) == ["big-lama.pt.bad"]
    assert (tmp_path / "big-lama.pt.bad").read_bytes() == OTHER


@pytest.mark.parametrize("fault", ["length 999999999999", "no-length"])
def test_server_that_sends_too_much_is_refused(fault, server, tmp_path):
    server.faults = [fault]

    with pytest.raises(LacunaError) as caught:
        get(server, tmp_path, published(server, max_bytes=200_000))

    assert caught.value.code == "too_large"
    assert not os.listdir(tmp_path)


def test_file_without_a_length_is_taken_when_its_digest_is_right(server, tmp_path):
    server.faults = ["no-length"]

    assert get(server, tmp_path).read_bytes() == DATA


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_line_that_stalls_counts_as_cut(fault, server, tmp_path):
    server.faults = [fault]
    began = time.monotonic()

    assert get(server, tmp_path, stall_s=0.3).read_bytes() == DATA
    assert time.monotonic() - began < 15  # generous: the fault itself lasts longer


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_answers_that_will_not_change_are_not_asked_for_again(status, server, tmp_path):
    server.faults = [f"status {status}"]

    with pytest.raises(LacunaError, match=f"answered {status}"):
        get(server, tmp_path)
    assert len(server.requests) == 1


def test_server_that_is_not_there_is_an_error_after_six_tries(server, tmp_path):
    pauses = []
    gone = published(server)._replace(url="http://127.0.0.1:9/big-lama.pt")

    with pytest.raises(LacunaError, match="6 tries"):
        download(gone, tmp_path, print, lambda url: True, pauses.append)
    assert pauses == [1, 2, 4, 8, 16]


def test_redirect_to_an_allowed_address_is_followed_with_its_headers(server, tmp_path):
    server.faults = ["cut 0.5", f"redirect {server.url}"]

    assert get(server, tmp_path).read_bytes() == DATA
    assert server.requests[2]["Range"] == server.requests[1]["Range"]
    assert server.sent == len(DATA)


@pytest.mark.parametrize("target", ["http://localhost:{port}/x", "file:///etc/passwd", "ftp://a/b"])
def test_redirect_elsewhere_is_refused(target, server, tmp_path):
    target = target.format(port=server.server_address[1])
    server.faults = [f"redirect {target}"]

    with pytest.raises(LacunaError, match=r"not allowed") as caught:
        get(server, tmp_path)

    assert caught.value.code == "wrong_address"
    assert len(server.requests) == 1
    assert not os.listdir(tmp_path)


def test_redirects_in_a_circle_end(server, tmp_path):
    server.faults = [f"redirect {server.url}?{number}" for number in range(1000)]

    with pytest.raises(LacunaError, match="in a circle"):
        get(server, tmp_path)
    assert len(server.requests) < 20


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        (PUBLISHED["big-lama"].url, True),
        ("https://release-assets.githubusercontent.com/a?b=c", True),
        ("https://objects.githubusercontent.com/a", True),
        ("http://github.com/a", False),
        ("https://github.com:8443/a", False),
        ("https://user@github.com/a", False),
        ("https://github.com@evil.example/a", False),
        ("https://evil.example/github.com", False),
        ("https://evilgithub.com/a", False),
        ("https://github.com.evil.example/a", False),
        ("https://evilgithubusercontent.com/a", False),
        ("https://githubusercontent.com/a", False),
        ("https://127.0.0.1/a", False),
        ("https://[::1]/a", False),
        ("file:///github.com", False),
        ("//github.com/a", False),
        ("", False),
    ],
)
def test_only_github_over_https_is_asked(url, allowed):
    assert from_github(url) is allowed


def test_address_that_is_not_allowed_is_never_asked(server, tmp_path):
    with pytest.raises(LacunaError, match="does not download from"):
        download(published(server), tmp_path, print)
    assert not server.requests


def test_full_disk_is_one_sentence_and_keeps_what_is_there(server, tmp_path, monkeypatch):
    class Full:
        def write(self, _chunk):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("lacuna.network.download._write", lambda file, chunk: _write(Full(), chunk))

    with pytest.raises(LacunaError, match="no room on the disk") as caught:
        get(server, tmp_path)
    assert caught.value.code == "no_space"
    assert len(server.requests) == 1


# From the published name to weights that can be used


@pytest.fixture
def release(server, weights_files, monkeypatch):
    """The server's file is a TorchScript module, published as big-lama."""
    server.data = (weights_files / "w.pt").read_bytes()
    monkeypatch.setitem(PUBLISHED, "big-lama", published(server, server.data))
    real = download

    def from_server(what, folder, progress):
        return real(what, folder, progress, lambda url: True, lambda seconds: None)

    monkeypatch.setattr(fetch, "download", from_server)
    return server


def test_fetched_weights_are_installed_and_the_download_removed(release, weights_home):
    info = fetch_weights("big-lama", lambda there, total: None)

    assert info == find_weights("big-lama") == find_weights()
    assert info.licence == "Apache-2.0"
    visible = [path.name for path in weights_home.iterdir() if not path.name.startswith(".")]
    assert sorted(visible) == ["big-lama.safetensors", "index.json"]


def test_weights_that_are_there_are_not_fetched_again(release):
    info = fetch_weights("big-lama", lambda there, total: None)
    count = len(release.requests)

    assert fetch_weights("big-lama", lambda there, total: None) == info
    assert len(release.requests) == count


def test_good_weights_survive_every_failure_of_a_download(release, weights_files):
    import_weights(weights_files / "w.pt", "mine")
    release.data = OTHER

    with pytest.raises(LacunaError, match="MD5"):
        fetch_weights("big-lama", lambda there, total: None)

    assert is_intact("mine")
    assert find_weights().name == "lacuna-small"


def test_damaged_weights_are_fetched_again(release):
    fetch_weights("big-lama", lambda there, total: None).path.write_bytes(b"damaged")

    fetch_weights("big-lama", lambda there, total: None)

    assert is_intact("big-lama")


def test_second_download_at_the_same_time_is_refused(release):
    with locked("fetch-big-lama"), pytest.raises(LacunaError, match="Another program") as caught:
        fetch_weights("big-lama", lambda there, total: None)

    assert caught.value.code == "busy"
    assert not release.requests


def test_unknown_name_is_refused_with_the_names_there_are():
    with pytest.raises(LacunaError, match=r"'lama' cannot be .* can download big-lama\."):
        fetch_weights("lama", print)
