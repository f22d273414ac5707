"""The page without a browser: who may sign in, who may ask, and what is answered."""

import json
import os
import pwd
import re
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest

from lacuna.service.page import visits
from lacuna.service.page.files import STATIC, languages_of, page_texts
from lacuna.service.page.routes import PAGE_ROUTES
from lacuna.service.page.visits import Visits
from lacuna_wire import LacunaError
from lacuna_wire.errors import Unauthorized

from .conftest import SAFETY_S, shared_daemon
from .pages import API, FILES, WITH_KEY, Visitor
from .test_refusals import WRONG_HOSTS, raw

MIB = 2**20
# What the process of a front may hold; the page has to leave it small.
FRONT_MIB = 60
paged = shared_daemon("paged", published=["big-lama"], weights=["patches", "stand-in"])


@pytest.fixture
def visitor(paged):
    visitor = Visitor(paged)
    assert visitor.sign_in().status == 201
    return visitor


def test_these_are_the_addresses():
    posts = [path for method, path, _ in PAGE_ROUTES if method == "POST"]
    assert posts == API


def test_code_opens_the_page_once(paged):
    visitor = Visitor(paged)
    code = visitor.new_code()

    assert visitor.sign_in(code).status == 201
    again = Visitor(paged).sign_in(code)
    assert (again.status, again.code) == (401, "unauthorized")
    assert "lacuna page" in again.json["error"]["message"]
    assert visitor.state()["health"] == "ok"  # the key is still good


def test_code_and_key_cannot_be_guessed_from_others(paged):
    visitor = Visitor(paged)
    secrets = set()
    for _ in range(20):
        secrets.add(visitor.new_code())
        visitor.sign_in()
        secrets.add(visitor.key)

    assert len(secrets) == 40
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", secret) for secret in secrets)


def test_code_expires():
    now = [0.0]
    visits_ = Visits(lambda: now[0])
    early, late = visits_.new_code(), visits_.new_code()
    now[0] = visits.CODE_S - 1
    assert visits_.knows(visits_.sign_in(early))
    now[0] = visits.CODE_S + 1

    with pytest.raises(Unauthorized):
        visits_.sign_in(late)


def test_guessing_is_limited_and_goes_on_after_a_while():
    now = [0.0]
    visits_ = Visits(lambda: now[0])
    code = visits_.new_code()
    for _ in range(visits.MOST_WRONG):
        with pytest.raises(Unauthorized):
            visits_.sign_in("guess")
    with pytest.raises(LacunaError) as refused:
        visits_.sign_in(code)  # not even the right one is looked at
    assert (refused.value.code, refused.value.status) == ("too_many_tries", 429)

    now[0] = visits.WRONG_S + 1
    assert visits_.sign_in(visits_.new_code())


def test_what_is_kept_of_visits_has_a_limit():
    visits_ = Visits(lambda: 0.0)
    codes = [visits_.new_code() for _ in range(visits.MOST_CODES + 1)]
    with pytest.raises(Unauthorized):
        visits_.sign_in(codes[0])
    first = visits_.sign_in(codes[1])
    others = []
    for _ in range(visits.MOST_KEYS - 1):
        others.append(visits_.sign_in(visits_.new_code()))
        assert visits_.knows(first)  # it is used, so it stays
    visits_.sign_in(visits_.new_code())

    assert visits_.knows(first)
    assert not visits_.knows(others[0])


def test_guessing_is_limited_over_the_wire(start):
    visitor = Visitor(start())
    statuses = [visitor.sign_in("guess").status for _ in range(visits.MOST_WRONG + 1)]

    assert statuses == [401] * visits.MOST_WRONG + [429]


@pytest.mark.parametrize("path", WITH_KEY)
def test_key_is_needed_and_no_other_secret_will_do(paged, visitor, path):
    key, endpoint = visitor.key, paged.endpoint
    given = [
        None, "", "Lacuna-Page", "Lacuna-Page ", f"Lacuna-Page {key[:-1]}", f"Lacuna-Page {key}0",
        f"Lacuna-Page  {key}", f"lacuna-page {key}", f"Bearer {key}", key, f"Lacuna 1 {key}",
        f"Lacuna-Page {endpoint.key}", f"Lacuna-Page {endpoint.token}", f"Bearer {endpoint.token}",
        f"Lacuna-Page {visitor.new_code()}", "Lacuna-Page \xff",
    ]  # fmt: skip
    for authorization in given:
        headers = {**visitor.headers, "Authorization": authorization or ""}
        if authorization is None:
            del headers["Authorization"]
        answer = visitor.post(path, headers=headers)
        assert (answer.status, answer.code) == (401, "unauthorized"), authorization


@pytest.mark.parametrize("path", API)
def test_scripts_of_the_page_alone_may_ask(paged, visitor, path):
    port = paged.port
    origins = [
        None, "null", "", "http://evil.example", f"https://127.0.0.1:{port}", "http://127.0.0.1",
        f"http://127.0.0.1:{port}/", f"http://127.0.0.1:{port + 1}", f"http://localhost:{port}",
        f"http://[::1]:{port}", f"http://127.0.0.1:{port}.evil", f"HTTP://127.0.0.1:{port}",
    ]  # fmt: skip
    sites = [None, "", "none", "cross-site", "same-site", "Same-Origin"]
    wrong = [{"Origin": origin} for origin in origins] + [{"Sec-Fetch-Site": s} for s in sites]
    for changes in wrong:
        headers = {**visitor.headers, **changes}
        headers = {name: value for name, value in headers.items() if value is not None}
        answer = visitor.post(path, {"code": visitor.new_code()}, headers)
        assert (answer.status, answer.code) == (403, "forbidden"), changes
    assert visitor.get(path, visitor.headers).status in (401, 404, 405)  # reads are POST, too


@pytest.mark.parametrize("path", FILES)
def test_files_are_for_the_address_bar_and_for_the_page(paged, path):
    visitor = Visitor(paged)
    own = {"Origin": f"http://127.0.0.1:{paged.port}", "Sec-Fetch-Site": "same-origin"}
    for headers in ({}, {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "same-origin"}, own):
        assert visitor.get(path, headers).status == 200, headers
    for headers in (
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"},
        {"Origin": "http://evil.example"}, {"Origin": f"http://localhost:{paged.port}"},
    ):  # fmt: skip
        assert visitor.get(path, headers).status == 403, headers


@pytest.mark.parametrize(("method", "path"), [("GET", "/page/"), ("POST", "/page/api/sign-in")])
def test_page_has_one_name(paged, method, path):
    for host in WRONG_HOSTS:
        answer = raw(paged, method, path, f"Host: {host.format(port=paged.port)}\r\n")
        assert (answer.status, answer.code) == (421, "wrong_host"), host
    right = f"Host: 127.0.0.1:{paged.port}\r\n"
    assert raw(paged, method, path, right + right).status in (400, 421)
    assert raw(paged, method, path, right, version="1.0").status == 400
    assert raw(paged, method, f"http://127.0.0.1:{paged.port}{path}", right).status == 400


@pytest.mark.parametrize("path", [*API, *FILES, "/page/nothing"])
def test_every_answer_of_the_page_is_closed_to_others(visitor, path):
    answers = [visitor.get(path), visitor.post(path, {"code": "x"}, {})]
    for answer in answers:
        policy = answer.headers.get("content-security-policy", "")
        if answer.status == 401 and not policy:
            continue  # no address of the page
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "set-cookie" not in answer.headers
        assert not [name for name in answer.headers if name.startswith("access-control")]
    preflight = visitor.daemon.call("OPTIONS", path, {"Origin": "http://evil.example"})
    assert preflight.status == 403


def test_key_of_the_page_opens_nothing_but_the_page(paged, visitor):
    for method, path in (("GET", "/v1/status"), ("POST", "/v1/page"), ("POST", "/v1/shutdown")):
        for headers in (visitor.headers, {"Authorization": f"Lacuna-Page {visitor.key}"}):
            answer = paged.call(method, path, headers, b"{}", token=False)
            assert answer.status in (401, 403), headers
    assert paged.process.poll() is None


def test_request_of_the_page_ends_the_session_of_its_connection(paged, visitor):
    """Or somebody could keep a signed connection busy with what nobody has signed."""
    from lacuna_wire.session import begin_session

    from .signed import signed

    connection = HTTPConnection("127.0.0.1", paged.port)
    try:
        keys = begin_session(connection, paged.endpoint.key, paged.endpoint.instance).keys
        connection.request("GET", "/page/lacuna.svg")
        assert connection.getresponse().read()
        sent = signed(keys, "GET", "/v1/status")
        connection.request("GET", "/v1/status", headers=sent.headers)
        assert connection.getresponse().status == 401
    finally:
        connection.close()


def test_keys_and_codes_end_with_the_daemon(start):
    first = start()
    visitor = Visitor(first)
    visitor.sign_in()
    code = visitor.new_code()
    first.stop()
    second = Visitor(start())
    second.key = visitor.key

    assert second.post("/page/api/fetch/cancel").status == 401
    assert second.sign_in(code).status == 401


PATHS = [
    "/page/../v1/status", "/page/./../v1/shutdown", "/page/%2e%2e/v1/status", "/%70age/../v1/page",
    "/page/../guard.py", "/page/%2e%2e/guard.py", "/page/..%2fguard.py", "/page//etc/passwd",
    "/page/locale/../../guard.py", "/page/locale/de.json", "/page/static/page.js", "/page", "/pag",
    "/page/api", "/page/api/", "/page/index.html/", "/page/INDEX.HTML", "/page/a%00.js",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_anywhere_else(paged, visitor, path):
    own = f"Host: 127.0.0.1:{paged.port}\r\nSec-Fetch-Site: same-origin\r\n"
    for more in ("", f"Authorization: Lacuna-Page {visitor.key}\r\n"):
        answer = paged.send(f"GET {path} HTTP/1.1\r\n{own}{more}\r\n".encode())
        assert answer.status in (400, 401, 404), path
        assert b"instance" not in answer.body


def test_another_user_of_the_computer_gets_nothing_even_with_code_and_key(paged, visitor):
    """The address stands in the command line of the browser, which others may read."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root makes processes of other users")
    code = visitor.new_code()
    asked = [["GET", "/page/", {}, ""]]
    for path, body in (("sign-in", {"code": code}), ("fetch/cancel", {})):
        asked.append(["POST", f"/page/api/{path}", visitor.headers, json.dumps(body)])
    script = (
        "import encodings.idna, http.client, json, os, sys; os.setuid(int(sys.argv[1]))\n"
        "for method, path, headers, body in json.loads(sys.argv[3]):\n"
        "    line = http.client.HTTPConnection('127.0.0.1', int(sys.argv[2]))\n"
        "    line.request(method, path, body, headers)\n"
        "    print(line.getresponse().status)\n"
    )
    stranger = str(pwd.getpwnam("nobody").pw_uid)
    words = [sys.executable, "-c", script, stranger, str(paged.port), json.dumps(asked)]
    ran = subprocess.run(words, capture_output=True, text=True, check=True)

    assert ran.stdout.split() == ["403"] * 3
    assert Visitor(paged).sign_in(code).status == 201  # the code is not used up


def test_secrets_of_the_page_are_in_no_log(start):
    visitor = Visitor(start())
    code = visitor.new_code()
    visitor.sign_in(code)
    visitor.sign_in("a-wrong-code")
    visitor.state()

    for secret in (code, visitor.key, "a-wrong-code"):
        assert secret not in visitor.daemon.log


def test_files_need_nothing_from_elsewhere_and_hold_no_inline_script():
    for path in STATIC.rglob("*"):
        if path.suffix in (".html", ".js", ".css"):
            text = path.read_text("utf-8")
            assert not re.search(r"(https?:)?//[a-z0-9.]+\.[a-z]|url\(|@import", text), path
            assert "innerHTML" not in text, path
    html = (STATIC / "index.html").read_text("utf-8")
    assert re.findall(r"<script[^>]*>", html) == ['<script type="module" src="page.js">']
    assert not re.search(r"\son[a-z]+=|\sstyle=|<style", html)


def test_every_module_that_is_imported_is_there():
    for path in STATIC.glob("*.js"):
        for name in re.findall(r'from "\./([^"]+)"', path.read_text("utf-8")):
            assert (STATIC / name).is_file(), (path, name)


@pytest.mark.parametrize(
    ("asked", "language", "text"),
    [
        ("de-CH,de;q=0.9,en;q=0.8", "de", "Ausbesserungen"),
        ("zh-CN,zh;q=0.9", "zh_CN", "填充"),
        ("fr,en;q=0.5,de;q=0.3", "en", None),
        ("*", "en", None),
        ("../../etc/passwd", "en", None),
    ],
)
def test_texts_come_in_the_language_of_the_browser(paged, asked, language, text):
    told = Visitor(paged).get("/page/texts.json", {"Accept-Language": asked}).json

    assert told["language"] == language
    assert told["texts"].get("Fills") == text
    assert set(page_texts()) == {"de", "zh_CN"}


def test_languages_are_read_as_browsers_send_them():
    class Request:
        def __init__(self, words):
            self.headers = {} if words is None else {"Accept-Language": words}

    assert languages_of(Request("de-CH, de;q=0.9 ,*;q=0.5,, ;q=1")) == ["de-CH", "de"]
    assert languages_of(Request(None)) == []


def test_state_tells_the_facts_of_the_daemon(paged, visitor):
    state = visitor.state()
    facts = paged.client.status()

    for key in set(facts) - {"uptime_s", "free_memory_bytes", "worker_memory_bytes"}:
        assert state[key] == facts[key], key
    assert abs(state["free_memory_bytes"] - facts["free_memory_bytes"]) < 2000 * MIB
    assert state["fetch"]["offered"] == ["big-lama"]
    assert state["memory_bytes"] > 10 * MIB


def test_jobs_are_told_with_their_progress_until_they_end(paged):
    visitor = Visitor(paged, "de")
    visitor.sign_in()
    ticket, _ = paged.run(fault="tile.3.held")
    seen = []
    for state in visitor.states():
        seen += state["jobs"]
        if state["jobs"] and state["jobs"][0]["percent"] > 0:
            paged.let_go(ticket)
        if seen and not state["jobs"]:
            break

    assert {job["id"] for job in seen} == {ticket.id}
    assert (seen[0]["width"], seen[0]["image_width"]) == (20, 200)
    percents = [job["percent"] for job in seen]
    assert percents == sorted(percents)
    assert any(job["text"].startswith("Ausbessern") for job in seen), seen


def test_errors_are_told_in_the_language_of_the_visitor_and_with_their_time(start):
    daemon = start()
    ticket, _ = daemon.run(fault="tile.1.exit")
    daemon.wait(ticket)
    visitor = Visitor(daemon, "de")
    visitor.sign_in()
    (error,) = visitor.state()["errors"]

    assert error["code"] == "worker_died"
    assert "abgebrochen" in error["text"]
    assert abs(error["at"] - Path(daemon.state, "daemon.log").stat().st_mtime) < 60


def test_stream_of_states_ends_with_the_daemon_and_without_an_error(start):
    daemon = start()
    visitor = Visitor(daemon)
    visitor.sign_in()
    states = visitor.states()
    next(states)
    daemon.process.terminate()

    assert all(state["jobs"] == [] for state in states)  # and then it ends
    assert daemon.process.wait(SAFETY_S) == 0
    assert "ERROR" not in daemon.log


def test_front_stays_small_with_all_of_the_page(paged, visitor):
    for path in FILES:
        visitor.get(path)
    visitor.state()
    maps = Path(f"/proc/{paged.process.pid}/maps").read_text()
    status = Path(f"/proc/{paged.process.pid}/status").read_text()
    held_kib = int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    assert not re.search(r"numpy|torch|cv2", maps)
    assert held_kib / 1024 < FRONT_MIB
