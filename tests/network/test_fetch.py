"""A download ends with the right file or without one, whatever the server and the line do."""

import hashlib
import os
import re
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lacuna.network import addresses, fetch
from lacuna.network.addresses import MIRROR, Address, address_of, from_github, why_unreachable
from lacuna.network.catalogue import find_weights, is_intact
from lacuna.network.checkpoints import import_weights
from lacuna.network.download import MAX_TRIES, _write, download
from lacuna.network.fetch import fetch_weights
from lacuna.network.index import locked
from lacuna.network.published import PUBLISHED, Published
from lacuna_wire import LacunaError

DATA = os.urandom(300_000)
OTHER = os.urandom(300_000)
PUBLISHER = PUBLISHED["big-lama"].url


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

    def do_CONNECT(self):
        """Be asked as a proxy for a way to a secure server."""
        self.server.requests.append({"CONNECT": self.path})
        self.send_error(int(self.server.faults.pop(0)))

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
        if fault == "silent":
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


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    """Whatever the tests are run behind."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", MIRROR):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.ended.set()
        server.shutdown()
        thread.join()


def published(server, data=DATA):
    sha256, md5 = hashlib.sha256(data).hexdigest(), hashlib.md5(data).hexdigest()
    return Published(server.url, len(data), sha256, md5, "Apache-2.0", "a paper")


def get(server, folder, what=None, stall_s=5.0, progress=lambda there, total: None):
    """Download from the server only, without waiting between the tries."""
    return download(
        what or published(server),
        Address(server.url, lambda url: url.startswith("http://127.0.0.1:")),
        folder,
        progress,
        pause=lambda seconds: None,
        stall_s=stall_s,
    )


def closed_port():
    """A port of this computer on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


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
    with pytest.raises(LacunaError, match=r"answered 503.*120,000 bytes of it are kept") as caught:
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


@pytest.mark.parametrize("tag", ['"first"', ""])
@pytest.mark.parametrize("wrong", ["sha256", "md5"])
def test_file_with_a_wrong_digest_is_refused_and_deleted(wrong, tag, server, tmp_path):
    server.etag = tag
    what = published(server)._replace(**{wrong: "0" * 64})

    with pytest.raises(
        LacunaError, match=r"it has the SHA-256 [0-9a-f]{64} and.* instead of"
    ) as caught:
        get(server, tmp_path, what)

    assert caught.value.code == "bad_download"
    assert "--from URL" in caught.value.message
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("part", [0.5, 1.01])
@pytest.mark.parametrize("half_done", [False, True])
def test_file_of_another_size_is_refused_before_it_is_downloaded(half_done, part, server, tmp_path):
    """Such as the page of a hotel that wants to be paid first."""
    if half_done:
        (tmp_path / "big-lama.pt.part").write_bytes(DATA[:1000])
        (tmp_path / "big-lama.pt.part.etag").write_text('"first"')
    server.data = (DATA + DATA)[: int(len(DATA) * part)]

    with pytest.raises(LacunaError, match=f"it has {len(server.data):,} bytes instead of 300,000"):
        get(server, tmp_path)

    assert len(server.requests) == 1
    assert not os.listdir(tmp_path)


def test_server_that_sends_too_much_is_stopped(server, tmp_path):
    server.data += b"more"
    server.faults = ["no-length"]

    with pytest.raises(LacunaError, match="more than 300,000 bytes") as caught:
        get(server, tmp_path)

    assert caught.value.code == "bad_download"
    assert not os.listdir(tmp_path)


def test_file_without_a_length_is_taken_when_its_digest_is_right(server, tmp_path):
    server.faults = ["no-length"]

    assert get(server, tmp_path).read_bytes() == DATA


def test_bytes_that_nothing_can_go_on_from_are_not_kept(server, tmp_path):
    server.etag = ""
    server.faults = ["cut 0.5"] + ["status 503"] * (MAX_TRIES - 1)

    with pytest.raises(LacunaError, match="answered 503") as caught:
        get(server, tmp_path)

    assert "are kept" not in caught.value.message
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_line_that_stalls_counts_as_cut(fault, server, tmp_path):
    server.faults = [fault]
    began = time.monotonic()

    assert get(server, tmp_path, stall_s=0.3).read_bytes() == DATA
    assert time.monotonic() - began < 15  # generous: the fault itself lasts longer


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_answers_that_will_not_change_are_not_asked_for_again(status, server, tmp_path):
    server.faults = [f"status {status}"]

    with pytest.raises(LacunaError, match=f"the answer was {status}"):
        get(server, tmp_path)
    assert len(server.requests) == 1
    assert not os.listdir(tmp_path)


# When nobody is there


def never(_seconds):
    raise AssertionError("waited for another try")


def refused(url, folder, reason, what):
    """Ask `url` for big-lama: one try, and one sentence with all that helps elsewhere."""
    with pytest.raises(LacunaError, match=reason) as caught:
        download(what, Address(url, lambda _url: True), folder, print, pause=never)
    assert caught.value.code == "download_failed"
    for words in (
        f"{url} cannot be downloaded: ",
        f"{what.size_bytes:,} bytes, SHA-256 {what.sha256}",
        "`lacuna weights import big-lama.pt`",
        "`lacuna weights fetch big-lama --from URL`",
    ):
        assert words in caught.value.message
    return caught.value.message


def test_server_that_is_not_there_is_asked_once(server, tmp_path):
    url = f"http://127.0.0.1:{closed_port()}/big-lama.pt"

    refused(
        url, tmp_path, r"127\.0\.0\.1 does not answer \(Connection refused\)", published(server)
    )

    assert not os.listdir(tmp_path)


def test_what_is_there_is_kept_when_nobody_answers(server, tmp_path):
    server.faults = ["cut 0.5"] + ["status 503"] * (MAX_TRIES - 1)
    with pytest.raises(LacunaError):
        get(server, tmp_path)
    gone = f"http://127.0.0.1:{closed_port()}/big-lama.pt"

    assert "150,000 bytes of it are kept" in refused(gone, tmp_path, "refused", published(server))
    assert get(server, tmp_path).read_bytes() == DATA
    assert server.sent == len(DATA)


def test_computer_without_a_network_knows_no_names(server, tmp_path, monkeypatch):
    def unknown(*_arguments, **_options):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    reason = r"github\.com is not known here \(Name or service not known\)"
    refused(PUBLISHER, tmp_path, reason, PUBLISHED["big-lama"])


@pytest.mark.parametrize("step", ["getaddrinfo", "create_connection"])
def test_network_that_swallows_everything_is_not_waited_for(step, server, monkeypatch):
    ended = threading.Event()

    def swallow(*_arguments, **_options):
        ended.wait(60)
        raise OSError

    monkeypatch.setattr(socket, step, swallow)

    assert why_unreachable(server.url, 0.1) == "127.0.0.1 does not answer within 0.1 s"
    ended.set()


def test_one_address_of_a_name_that_answers_is_enough(server, monkeypatch):
    real = socket.getaddrinfo("127.0.0.1", server.server_address[1], type=socket.SOCK_STREAM)
    dead = [(*real[0][:4], ("127.0.0.1", closed_port()))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_options: dead + real + dead)

    assert why_unreachable("https://github.com/") == ""


def test_server_that_hangs_up_without_a_word_is_asked_once(server, tmp_path):
    server.faults = ["silent"]

    refused(server.url, tmp_path, "there was no answer", published(server))
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [403, 407, 503])
def test_proxy_that_refuses_is_asked_once(status, server, tmp_path, monkeypatch):
    monkeypatch.setenv("https_proxy", server.url.removesuffix("/big-lama.pt"))
    server.faults = [str(status)]

    refused(PUBLISHER, tmp_path, f"the proxy answered {status}", PUBLISHED["big-lama"])

    assert server.requests == [{"CONNECT": "github.com:443"}]
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_proxy_that_is_not_there_is_an_error_at_once(scheme, tmp_path, monkeypatch):
    monkeypatch.setenv("https_proxy", f"{scheme}127.0.0.1:{closed_port()}")

    refused(PUBLISHER, tmp_path, r"the proxy 127\.0\.0\.1 does not answer", PUBLISHED["big-lama"])


def test_host_that_needs_no_proxy_is_asked_itself(server, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    assert why_unreachable(server.url) == ""


def test_certificate_that_nobody_signed_is_named_and_asked_for_once(tmp_path, monkeypatch):
    error = ssl.SSLCertVerificationError()
    error.verify_message = "self-signed certificate"

    def unsigned(*_arguments, **_options):
        raise urllib.error.URLError(error)

    monkeypatch.setattr(addresses.socket, "create_connection", lambda *_, **__: socket.socket())
    monkeypatch.setattr(urllib.request.OpenerDirector, "open", unsigned)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", ("127.0.0.1", 1))])

    reason = r"the certificate is not valid \(self-signed certificate\)\."
    refused(PUBLISHER, tmp_path, reason, PUBLISHED["big-lama"])


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


# Mirrors


BIG = PUBLISHED["big-lama"]


def test_without_a_mirror_only_the_publisher_is_asked():
    assert address_of(BIG) == Address(BIG.url, from_github)
    assert BIG.file_name == "big-lama.pt"


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_file_is_imported_under_its_name_by_default(name):
    """So that the command in the messages does what it says."""
    assert PUBLISHED[name].file_name.partition(".")[0] == name


@pytest.mark.parametrize(
    "folder", ["http://127.0.0.1:8000/models", "http://127.0.0.1:8000/models/"]
)
def test_mirror_is_a_file_or_a_folder(folder, monkeypatch):
    file = "http://127.0.0.1:8000/models/big-lama.pt"
    assert address_of(BIG, "http://127.0.0.1:8000/models/").url == file
    assert address_of(BIG, file).url == file

    monkeypatch.setenv(MIRROR, folder)
    assert address_of(BIG).url == file
    assert address_of(BIG, "http://127.0.0.1/other.bin").url == "http://127.0.0.1/other.bin"


@pytest.mark.parametrize(
    "url",
    ["file:///tmp/big-lama.pt", "ftp://a/b", "big-lama.pt", "//a/b", "https://", "https://me:pw@a/b",
     "http://[::1/a", "https:///a"],
)  # fmt: skip
@pytest.mark.parametrize("by_variable", [False, True])
def test_mirror_that_is_no_web_server_is_refused(by_variable, url, monkeypatch, weights_home):
    if by_variable:
        monkeypatch.setenv(MIRROR, url)

    named = MIRROR if by_variable else "--from"
    with pytest.raises(
        LacunaError, match=f"{named} is .*https://example.org/big-lama.pt"
    ) as caught:
        fetch_weights("big-lama", print, "" if by_variable else url)
    assert caught.value.code == "wrong_address"
    assert not weights_home.exists()


def test_redirects_of_a_mirror_never_lead_to_less_safety():
    secure, plain = (address_of(BIG, f"{scheme}://a/b") for scheme in ("https", "http"))

    for url, by_secure, by_plain in (
        ("https://c/d", True, True),
        ("http://c/d", False, True),
        ("file:///d", False, False),
    ):
        assert (secure.allowed(url), plain.allowed(url)) == (by_secure, by_plain), url


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
    monkeypatch.setenv(MIRROR, server.url.removesuffix("/big-lama.pt"))
    real = download
    monkeypatch.setattr(
        fetch, "download", lambda *arguments: real(*arguments, pause=lambda _seconds: None)
    )
    return server


def test_fetched_weights_are_installed_and_the_download_removed(release, weights_home):
    info = fetch_weights("big-lama", lambda there, total: None)

    assert info == find_weights("big-lama") == find_weights()
    assert info.licence == "Apache-2.0"
    visible = [path.name for path in weights_home.iterdir() if not path.name.startswith(".")]
    assert sorted(visible) == ["big-lama.safetensors", "index.json"]


def test_mirror_that_is_named_wins_over_the_variable(release, monkeypatch):
    monkeypatch.setenv(MIRROR, f"http://127.0.0.1:{closed_port()}")

    assert fetch_weights("big-lama", lambda there, total: None, release.url).name == "big-lama"


def test_weights_that_are_there_are_not_fetched_again(release):
    info = fetch_weights("big-lama", lambda there, total: None)
    count = len(release.requests)

    assert fetch_weights("big-lama", lambda there, total: None) == info
    assert len(release.requests) == count


def test_good_weights_survive_every_failure_of_a_download(release, weights_files):
    import_weights(weights_files / "w.pt", "mine")
    release.data = OTHER

    with pytest.raises(LacunaError, match=r"is not big-lama\.pt"):
        fetch_weights("big-lama", lambda there, total: None)

    assert is_intact("mine")
    assert sorted(path.name for path in find_weights("mine").path.parent.glob("[!.]*")) == [
        "index.json", "mine.safetensors",
    ]  # fmt: skip
    assert find_weights().name == "lacuna-small"


def test_damaged_weights_are_fetched_again(release):
    fetch_weights("big-lama", lambda there, total: None).path.write_bytes(b"damaged")

    fetch_weights("big-lama", lambda there, total: None)

    assert is_intact("big-lama")


def test_file_that_cannot_be_installed_is_kept_whole_and_not_downloaded_again(
    release, weights_home, monkeypatch
):
    def full(*_arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("lacuna.network.checkpoints.write_installed", full)
        with pytest.raises(LacunaError, match="no room for big-lama"):
            fetch_weights("big-lama", lambda there, total: None)
    assert [path.name for path in weights_home.glob("[!.]*")] == ["big-lama.pt"]
    asked = len(release.requests)

    assert fetch_weights("big-lama", lambda there, total: None).name == "big-lama"
    assert len(release.requests) == asked


def test_second_download_at_the_same_time_is_refused(release):
    with locked("fetch-big-lama"), pytest.raises(LacunaError, match="Another program") as caught:
        fetch_weights("big-lama", lambda there, total: None)

    assert caught.value.code == "busy"
    assert not release.requests


def test_unknown_name_is_refused_with_the_names_there_are():
    with pytest.raises(LacunaError, match=r"'lama' cannot be .* can download big-lama\."):
        fetch_weights("lama", print)
