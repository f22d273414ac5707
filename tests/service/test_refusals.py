"""Every refusal of the daemon: what a stranger, a web page or a broken client is told."""

import json
import uuid

import pytest

from lacuna_wire.errors import BadRequest, Conflict, NotFound, TooLarge, Unprocessable
from lacuna_wire.signing import DIGEST, TAG_BYTES, TRAILING

from .conftest import request
from .signed import signed
from .talk import Talk

ROUTES = [
    ("GET", "/v1/hello?nonce=" + "0" * 32),
    ("GET", "/v1/health"),
    ("GET", "/v1/status"),
    ("POST", "/v1/estimate"),
    ("POST", "/v1/jobs"),
    ("PUT", "/v1/jobs/{id}/input"),
    ("GET", "/v1/jobs/{id}"),
    ("GET", "/v1/jobs/{id}/events"),
    ("GET", "/v1/jobs/{id}/result"),
    ("DELETE", "/v1/jobs/{id}"),
    ("POST", "/v1/page"),
    ("POST", "/v1/shutdown"),
    ("GET", "/v1/nothing"),
    ("GET", "/"),
    ("PATCH", "/v1/jobs"),
]
SIGNED = [route for route in ROUTES if "hello" not in route[1] and "health" not in route[1]]
each_route = pytest.mark.parametrize(("method", "path"), ROUTES, ids=" ".join)
each_signed_route = pytest.mark.parametrize(("method", "path"), SIGNED, ids=" ".join)


@pytest.fixture
def job_path(shared):
    """A job that waits for its pixels; a request that got through could do something to it."""
    ticket = shared.submit()
    yield lambda path: path.replace("{id}", ticket.id)
    assert shared.client.cancel(ticket.id).state == "cancelled"  # nobody else had done it


@each_signed_route
def test_route_needs_the_secret(shared, job_path, method, path):
    token, key = shared.endpoint.token, shared.endpoint.key
    given = [
        None, "", "Bearer", "Bearer ", "Bearer " + token[:-1], f"Bearer {token}0", token,
        f"bearer {token}", f"Basic {token}", f"Bearer  {token}", "Bearer " + "\xff" * 64,
        "Bearer " + "0" * 8000, f"Bearer {key}", "Lacuna", "Lacuna 1", f"Lacuna 1 {key}",
        "Lacuna 1 " + "0" * 64, "Lacuna 1 " + "\xff" * 64, "Lacuna 0 " + "0" * 64,
    ]  # fmt: skip
    bodies = set()
    for authorization in given:
        headers = {} if authorization is None else {"Authorization": authorization}
        answer = shared.call(method, job_path(path), headers, token=False)
        assert (answer.status, answer.code) == (401, "unauthorized"), authorization
        assert "lacuna-signature" not in answer.headers
        bodies.add(answer.body)

    assert len(bodies) == 1  # nothing tells how near a guess was


def test_two_signatures_are_none(shared):
    with Talk(shared) as talk:
        right = talk.sign("GET", "/v1/status").headers["Authorization"]
        for given in (right, f"Bearer {shared.endpoint.token}"):
            line = f"Authorization: {given}\r\n"
            host = f"Host: 127.0.0.1:{shared.port}\r\n"
            answer = talk.say(f"GET /v1/status HTTP/1.1\r\n{host}{line}{line}\r\n".encode())
            assert answer.status in (400, 401)


WRONG_HOSTS = [
    "evil.example", "127.0.0.1.evil.com:{port}", "localhost.evil:{port}", "127.0.0.1:1@evil:{port}",
    "LOCALHOST:{port}", "localhost.:{port}", "0.0.0.0:{port}", "[::]:{port}", "127.1:{port}",
    "2130706433:{port}", "127.0.0.1:1", "127.0.0.1", "127.0.0.1:0{port}", "127.0.0.1:{port}.evil",
    "127.0.0.1:{port}, evil", "", "localhost:{port}", "[::1]:{port}",
]  # fmt: skip


@each_route
def test_other_host_is_refused_on_every_route(shared, job_path, method, path):
    """A page that rebinds its own name to 127.0.0.1 sends that name, here and nowhere else."""
    for host in WRONG_HOSTS:
        answer = raw(shared, method, job_path(path), f"Host: {host.format(port=shared.port)}\r\n")
        assert (answer.status, answer.code) == (421, "wrong_host"), host


@each_route
def test_missing_or_second_host_is_refused(shared, job_path, method, path):
    right = f"Host: 127.0.0.1:{shared.port}\r\n"
    for hosts in ("", right + right, right + "Host: evil.example\r\n"):
        answer = raw(shared, method, job_path(path), hosts)
        assert answer.status in (400, 421), hosts


def test_own_name_is_accepted(shared):
    assert raw(shared, "GET", "/v1/status", f"Host: 127.0.0.1:{shared.port}\r\n").status == 200


@each_route
def test_absolute_target_is_refused(shared, job_path, method, path):
    """The library would take the host from it, and a forged Host header would go unseen."""
    for host in ("evil.example", f"127.0.0.1:{shared.port}"):
        own = f"Host: 127.0.0.1:{shared.port}\r\n"
        answer = raw(shared, method, f"http://{host}{job_path(path)}", own)
        assert answer.status == 400


@each_route
def test_http_1_0_is_refused(shared, job_path, method, path):
    for host in ("", f"Host: 127.0.0.1:{shared.port}\r\n"):
        assert raw(shared, method, job_path(path), host, version="1.0").status == 400


ORIGINS = [
    "http://evil.example", "null", "http://127.0.0.1:{port}", "https://127.0.0.1:{port}",
    "http://127.0.0.1:1", "http://127.0.0.1:{port}.evil", "http://localhost:{port}", "file://", "",
]  # fmt: skip


@each_route
def test_web_pages_are_refused_with_and_without_a_signature(shared, job_path, method, path):
    pages = [{"Origin": origin.format(port=shared.port)} for origin in ORIGINS]
    pages += [
        {"Sec-Fetch-Site": site} for site in ("cross-site", "same-site", "Cross-Site", "", "NONE")
    ]
    for headers in pages:
        for token in (True, False):
            answer = shared.call(method, job_path(path), headers, token=token)
            assert (answer.status, answer.code) == (403, "forbidden"), headers


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_address_bar_is_no_web_page(shared, site):
    assert shared.call("GET", "/v1/health", {"Sec-Fetch-Site": site}).status == 200


@pytest.mark.parametrize("path", sorted({path for _, path in ROUTES}))
def test_preflight_is_refused_and_no_answer_opens_a_door(shared, job_path, path):
    asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "PUT"}
    for headers in (asked, {}):
        answer = shared.call("OPTIONS", job_path(path), headers)
        assert answer.status == 403
        assert not [name for name in answer.headers if name.startswith("access-control")]


@each_route
def test_every_answer_is_closed_to_browsers(shared, job_path, method, path):
    answer = shared.call(method, job_path(path), token=False)

    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["server"] == "lacuna"


@pytest.mark.parametrize(
    "path",
    ["/", "/v1", "/v2/jobs", "/v1/jobs/", "//v1/jobs", "/v1/jobs/../status", "/%2e%2e/etc/passwd"],
)
def test_unknown_address_is_not_found(shared, path):
    answer = shared.call("GET", path)

    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/v1/jobs"), ("GET", "/v1/estimate"), ("HEAD", "/v1/status"), ("GET", "/v1/shutdown")],
)
def test_wrong_verb_is_named_as_such(shared, method, path):
    answer = shared.call(method, path)

    assert answer.status == 405
    assert answer.headers["allow"]


@pytest.mark.parametrize("nonce", ["", "0" * 31, "0" * 33, "G" * 32, "A" * 32, "%00" * 32])
@pytest.mark.parametrize("more", ["", "&protocol=2"])
def test_hello_answers_only_a_full_nonce(shared, nonce, more):
    """Or somebody could collect proofs for messages that mean something else."""
    assert shared.call("GET", f"/v1/hello?nonce={nonce}{more}", token=False).status == 400


@pytest.mark.parametrize("protocol", ["", "1", "3", "02", "2.0", "x"])
def test_hello_of_a_protocol_that_is_not_spoken_is_refused(shared, protocol):
    path = f"/v1/hello?nonce={'0' * 32}&protocol={protocol}"
    assert shared.call("GET", path, token=False).status == 400


@pytest.mark.parametrize("query", ["?x=1", "?wait=1&wait=2", "?token=1"])
def test_unknown_query_is_refused(shared, query):
    for path in ("/v1/status", "/v1/health", f"/v1/jobs/{uuid.uuid4()}"):
        assert shared.call("GET", path + query).status == 400


@pytest.mark.parametrize(
    "query",
    ["wait=-1", "wait=61", "wait=x", "wait=nan", "wait=1e1", "revision=-1", "revision=" + "9" * 40],
)
def test_poll_takes_only_small_numbers(shared, job_path, query):
    assert shared.call("GET", job_path("/v1/jobs/{id}?") + query).status == 400


@pytest.mark.parametrize("path", ["", "/result", "/events"])
@pytest.mark.parametrize(
    "job_id", [str(uuid.UUID(int=1)), "x", "..", "%2e%2e", "\x00".replace("\x00", "%00")]
)
def test_unknown_job_is_not_found(shared, job_id, path):
    assert shared.call("GET", f"/v1/jobs/{job_id}{path}").status == 404


def test_unknown_job_cannot_be_deleted_or_uploaded_to(shared):
    with pytest.raises(NotFound):
        shared.client.cancel(str(uuid.uuid4()))
    with pytest.raises(NotFound):
        shared.client.upload(str(uuid.uuid4()), [b"x"], 1)


JSON = {"Content-Type": "application/json"}
BAD_JSON = {
    "nothing": b"",
    "half": b'{"id":',
    "not utf-8": b'"\xff"',
    "byte order mark": b"\xef\xbb\xbf{}",
    "NaN": b'{"id": NaN}',
    "infinity": b'{"id": -Infinity}',
    "key twice": b'{"id": 1, "id": 2}',
    "deep": b"[" * 60_000,
    "long number": b'{"image": {"width": ' + b"9" * 5_000 + b"}}",
    "two documents": b"{} {}",
    "list": b"[]",
    "null": b"null",
    "text": b'"text"',
}


@pytest.mark.parametrize("body", BAD_JSON.values(), ids=BAD_JSON)
def test_bad_json_is_a_bad_request(shared, body):
    answer = shared.call("POST", "/v1/jobs", JSON, body)

    assert (answer.status, answer.code) == (400, "bad_request")
    assert b"Traceback" not in answer.body


def test_json_has_a_limit_that_is_named(shared):
    answer = shared.call("POST", "/v1/jobs", JSON, b" " * 65_537)

    assert (answer.status, answer.code) == (413, "too_large")
    assert "65,537" in answer.json["error"]["message"]
    assert "65,536" in answer.json["error"]["message"]


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
        "",
    ],
)
def test_other_types_than_json_are_unsupported(shared, kind):
    """These are what a page can send without being asked first."""
    answer = shared.call("POST", "/v1/jobs", {"Content-Type": kind}, b"{}")

    assert (answer.status, answer.code) == (415, "unsupported")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "identity"])
@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/v1/jobs", "application/json"),
        ("POST", "/v1/estimate", "application/json"),
        ("PUT", "/v1/jobs/{id}/input", "application/octet-stream"),
    ],
)
def test_encoded_bodies_are_unsupported(shared, job_path, method, path, kind, coding):
    headers = {"Content-Type": kind, "Content-Encoding": coding}
    answer = shared.call(method, job_path(path), headers, b"x" * 10_920)

    assert (answer.status, answer.code) == (415, "unsupported")


@pytest.mark.parametrize(
    "change",
    [
        {"width": 0},
        {"width": -1},
        {"height": 2**31},
        {"width": 2**63},
        {"width": 100_000, "height": 1},
        {"width": True},
        {"width": "5"},
    ],
)
def test_impossible_image_is_refused(shared, change):
    with pytest.raises((BadRequest, TooLarge)):
        shared.submit(**change)


def test_engine_may_refuse_a_job_before_any_pixel_is_sent(shared):
    with pytest.raises(Unprocessable) as caught:
        shared.submit(selection=request().selection._replace(width=13))

    assert caught.value.code == "no_context"


def test_id_of_another_request_is_in_use(shared, job_path):
    job_id = job_path("{id}")
    with pytest.raises(Conflict) as caught:
        shared.submit(id=job_id, width=201)

    assert caught.value.code == "id_in_use"


OCTETS = {"Content-Type": "application/octet-stream"}
SIZE = 10_920


@pytest.mark.parametrize("length", [0, 1, SIZE - 1, SIZE + 1, 10 * SIZE])
def test_upload_of_another_length_is_refused_with_both_numbers(shared, job_path, length):
    answer = shared.call("PUT", job_path("/v1/jobs/{id}/input"), OCTETS, b"x" * length)

    assert (answer.status, answer.code) == (400, "bad_request")
    assert "10,920" in answer.json["error"]["message"]
    assert f"{length:,}" in answer.json["error"]["message"]


def test_upload_beyond_the_limit_is_refused_before_it_is_read(shared, job_path):
    path = job_path("/v1/jobs/{id}/input")
    answer = raw(shared, "PUT", path, length=(1 << 31) + TAG_BYTES, kind="application/octet-stream")

    assert (answer.status, answer.code) == (413, "too_large")
    assert "2,147,483,648" in answer.json["error"]["message"]


def test_chunked_upload_is_refused(shared, job_path):
    headers = {**OCTETS, "Transfer-Encoding": "chunked"}
    for body in (b"", b"2\r\nhi\r\n0\r\n\r\n"):
        answer = shared.call("PUT", job_path("/v1/jobs/{id}/input"), headers, body)
        assert (answer.status, answer.code) == (411, "length_required")


def test_upload_without_a_length_is_refused(shared, job_path):
    answer = raw(shared, "PUT", job_path("/v1/jobs/{id}/input"), kind="application/octet-stream")

    assert (answer.status, answer.code) == (411, "length_required")


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "+5", "5, 5", "9" * 30])
def test_length_that_is_no_length_is_refused(shared, job_path, length):
    path = job_path("/v1/jobs/{id}/input")
    answer = raw(shared, "PUT", path, length=length, kind="application/octet-stream")

    assert answer.status in (400, 413)


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "text/plain", "image/png", "application/json"]
)
def test_upload_of_another_type_is_unsupported(shared, job_path, kind):
    answer = shared.call(
        "PUT", job_path("/v1/jobs/{id}/input"), {"Content-Type": kind}, b"x" * SIZE
    )

    assert (answer.status, answer.code) == (415, "unsupported")


def test_job_without_pixels_has_no_result(shared, job_path):
    answer = shared.call("GET", job_path("/v1/jobs/{id}/result"))

    assert (answer.status, answer.code) == (409, "no_result")


def test_expectation_is_met_only_for_whom_we_would_answer(shared, job_path):
    """The library would say 100 Continue before any check."""
    own = f"Host: 127.0.0.1:{shared.port}\r\nExpect: 100-continue\r\n"
    path = job_path("/v1/jobs/{id}/input")
    answer = raw(shared, "PUT", path, own, length=SIZE, right_keys=False)
    assert answer.status == 401

    answer = raw(shared, "PUT", path, own.replace("100-continue", "tea"), length=SIZE)
    assert answer.status == 417


RAW = {
    "no host": b"GET /v1/health HTTP/1.1\r\n\r\n",
    "length and chunks": b"PUT /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n",
    "long line": b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n",
    "null byte": b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n",
    "folded header": b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
    "no protocol": b"GET /\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("request_bytes", RAW.values(), ids=RAW)
def test_malformed_request_is_refused_and_the_daemon_lives(shared, request_bytes):
    assert shared.send(request_bytes).status in (400, 404, 421, 431)
    assert shared.call("GET", "/v1/health").json == {"state": "ok"}


def test_malformed_requests_leave_few_lines_in_the_log(shared):
    before = len(shared.log)
    for _ in range(300):
        shared.send(b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n")

    assert "Traceback" not in shared.log
    assert len(shared.log) - before < 10_000


def test_shutdown_takes_no_arguments(shared):
    answer = shared.call("POST", "/v1/shutdown", JSON, json.dumps({"force": True}).encode())

    assert answer.status == 400


def raw(
    daemon, method, path, host=None, length=None, kind="application/json", version="1.1",
    right_keys=True,
):  # fmt: skip
    """Send a request that http.client would not, signed in a session of its own."""
    host = f"Host: 127.0.0.1:{daemon.port}\r\n" if host is None else host
    headers = {"Content-Type": kind, DIGEST: TRAILING}
    if length is not None:
        headers["Content-Length"] = str(length)
    with Talk(daemon) as talk:
        keys = talk.keys if right_keys else talk.keys._replace(request=b"guess")
        headers = signed(keys, method, path, headers, sends_length=False).headers
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return talk.say(f"{method} {path} HTTP/{version}\r\n{host}{lines}\r\n".encode())
