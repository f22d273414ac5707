"""The state files are believed only if nobody else wrote them, and a stranger gets nothing."""

import json
import os
import socket
import stat
import sys
import threading
from pathlib import Path

import pytest

from lacuna.system.locks import try_lock
from lacuna_wire import PROTOCOL, LacunaError
from lacuna_wire import endpoint as endpoints
from lacuna_wire.client import connect
from lacuna_wire.endpoint import (
    Endpoint,
    endpoint_file,
    find_daemon,
    hello_proof,
    launch_file,
    prove,
    read_endpoint,
    read_launch,
    remove_endpoint,
    start_daemon,
    state_folder,
    write_endpoint,
    write_launch,
)
from lacuna_wire.errors import DaemonElsewhere, DaemonUnreachable, ProtocolMismatch
from lacuna_wire.signing import session_keys
from lacuna_wire.whereabouts import Whereabouts, is_held, our_whereabouts

SECRET = "5ec7e7" * 8
KEY = "4e7e75" * 8
ENDPOINT = Endpoint(1, 2, "abc", PROTOCOL, "0.1.0", SECRET, KEY)

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has access lists, not modes")


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("LACUNA_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


class Stranger:
    """A program on a port of this computer, which keeps what it is sent and answers `answer`."""

    def __init__(self, answer=lambda request: b"") -> None:
        self.received = b""
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                request = connection.recv(65536)
                self.received += request
                connection.sendall(self._answer(request))

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@pytest.fixture
def stranger():
    """Make a stranger; all are gone after the test."""
    made = []

    def make(answer=lambda request: b""):
        made.append(Stranger(answer))
        return made[-1]

    yield make
    for one in made:
        one.close()


def http(message) -> bytes:
    body = json.dumps(message).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


DAEMONS_NONCE = "d" * 32


def proof_for(request: bytes, key=KEY, instance="abc") -> str:
    nonce = request.split(b"nonce=")[1][:32].decode()
    return session_keys(key, instance, nonce, DAEMONS_NONCE).proof


def honest_hello(request: bytes, **changes) -> bytes:
    """Answer as the daemon of ENDPOINT would."""
    said = {"version": "9.9.9", "protocol": PROTOCOL, "nonce": DAEMONS_NONCE}
    return http({**said, "proof": proof_for(request), **changes})


def honest_hello_of_any_age(request: bytes) -> bytes:
    """Answer the hello that names no protocol."""
    nonce = request.split(b"nonce=")[1][:32].decode()
    assert b"protocol=" not in request
    return http({"version": "9.9.9", "protocol": 1, "proof": hello_proof(SECRET, nonce, "abc")})


def test_endpoint_comes_back_as_it_was_written():
    write_endpoint(ENDPOINT)

    assert read_endpoint() == ENDPOINT


def test_no_file_means_no_daemon():
    assert read_endpoint() is None
    assert read_launch() is None
    assert find_daemon() is None


@posix
def test_files_and_folder_are_private_whatever_the_umask(state):
    old = os.umask(0)
    try:
        state.mkdir(mode=0o777)
        write_endpoint(ENDPOINT)
    finally:
        os.umask(old)

    assert stat.S_IMODE(endpoint_file().stat().st_mode) == 0o600
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert list(state.iterdir()) == [endpoint_file()]


@posix
def test_link_in_the_place_of_the_file_is_replaced_not_followed(state, tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("mine")
    state.mkdir()
    endpoint_file().symlink_to(precious)

    write_endpoint(ENDPOINT)

    assert precious.read_text() == "mine"
    assert not endpoint_file().is_symlink()


@posix
def test_link_is_not_read(state, tmp_path):
    write_endpoint(ENDPOINT)
    endpoint_file().rename(tmp_path / "elsewhere")
    endpoint_file().symlink_to(tmp_path / "elsewhere")

    with pytest.raises(LacunaError, match="symbolic link") as caught:
        read_endpoint()
    assert caught.value.code == "untrusted_file"


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o777])
def test_file_that_is_open_to_others_is_refused(mode):
    write_endpoint(ENDPOINT)
    endpoint_file().chmod(mode)

    with pytest.raises(LacunaError, match=f"mode {mode:04o}"):
        read_endpoint()


@posix
@pytest.mark.parametrize("name", ["endpoint.json", "launch.json"])
def test_file_of_another_user_is_refused(name, monkeypatch):
    write_endpoint(ENDPOINT)
    write_launch(["lacuna", "serve"])
    other = os.geteuid() + 1
    if os.geteuid() == 0:
        os.chown(state_folder() / name, other, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: other)

    with pytest.raises(LacunaError, match="belongs to user"):
        read_endpoint() if name == "endpoint.json" else read_launch()


@posix
def test_folder_of_another_user_is_not_written_to(state, monkeypatch):
    state.mkdir()
    other = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: other)

    with pytest.raises(LacunaError, match="another user"):
        write_endpoint(ENDPOINT)
    assert list(state.iterdir()) == []


@posix
@pytest.mark.timeout(20)
def test_named_pipe_in_the_place_of_the_file_does_not_block(state):
    state.mkdir()
    os.mkfifo(endpoint_file(), 0o600)

    with pytest.raises(LacunaError, match="not an ordinary file"):
        read_endpoint()


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", "\xff", '{"port": "1"}', "[" * 60000],
)
def test_damaged_file_is_one_sentence(state, text):
    write_endpoint(ENDPOINT)
    endpoint_file().write_text(text, encoding="latin-1")

    with pytest.raises(LacunaError) as caught:
        read_endpoint()
    assert caught.value.code == "damaged_file"


@pytest.mark.parametrize(
    ("key", "value"),
    [("port", True), ("port", "80"), ("token", None), ("pid", 1.5), ("key", 5), ("key", "")],
)
def test_field_of_the_wrong_type_is_named(key, value):
    write_endpoint(ENDPOINT)
    endpoint_file().write_text(json.dumps({**ENDPOINT._asdict(), key: value}))

    with pytest.raises(LacunaError, match=f"no valid {key}"):
        read_endpoint()


def test_file_of_protocol_1_is_read_and_has_no_key():
    fields = ENDPOINT._replace(protocol=1)._asdict()
    for name in ("key", "boot_id", "network"):
        del fields[name]
    endpoint_file().parent.mkdir(mode=0o700)
    endpoint_file().touch(0o600)
    endpoint_file().write_text(json.dumps(fields))

    assert read_endpoint() == ENDPOINT._replace(protocol=1, key="")


def test_file_without_a_key_is_not_believed_to_be_of_this_protocol():
    """With an empty key, everybody could prove that they know it."""
    write_endpoint(ENDPOINT)
    fields = ENDPOINT._asdict()
    del fields["key"]
    endpoint_file().write_text(json.dumps(fields))

    with pytest.raises(LacunaError, match="no valid key"):
        read_endpoint()


def test_word_of_a_newer_daemon_is_left_alone():
    """Or we could not even ask it for its version."""
    write_endpoint(ENDPOINT)
    endpoint_file().write_text(json.dumps({**ENDPOINT._asdict(), "colour": "red"}))

    assert read_endpoint() == ENDPOINT


def test_only_the_own_endpoint_is_removed():
    write_endpoint(ENDPOINT)

    remove_endpoint("another instance")
    assert endpoint_file().exists()

    remove_endpoint("abc")
    assert not endpoint_file().exists()


@pytest.mark.parametrize("command", [[], "lacuna serve", ["lacuna", 5], None])
def test_launch_command_is_a_list_of_words(command):
    write_launch(["lacuna", "serve"])
    assert read_launch() == ["lacuna", "serve"]

    launch_file().write_text(json.dumps({"command": command}))
    with pytest.raises(LacunaError, match="no valid command"):
        read_launch()


def test_token_is_not_in_the_endpoints_own_text():
    """A traceback or a log line that shows the object must not show the secret."""
    for secret in (SECRET, KEY):
        assert secret not in repr(ENDPOINT)
        assert secret not in str(ENDPOINT)


def test_state_lies_in_the_home_folder_whatever_xdg_says(monkeypatch, tmp_path):
    """Flatpak points the XDG variables into its own world; the daemon is outside."""
    monkeypatch.delenv("LACUNA_STATE_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "flatpak"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "flatpak"))
    monkeypatch.setattr(sys, "platform", "linux")

    assert state_folder() == tmp_path / ".local" / "state" / "lacuna"


@pytest.mark.parametrize(
    ("platform", "folder"),
    [("darwin", "Library/Application Support/lacuna"), ("win32", "Local/lacuna")],
)
def test_state_folder_of_the_other_systems(monkeypatch, tmp_path, platform, folder):
    monkeypatch.delenv("LACUNA_STATE_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "Local"))
    monkeypatch.setattr(sys, "platform", platform)

    assert state_folder() == tmp_path / folder


def test_honest_daemon_is_found(stranger):
    daemon = stranger(honest_hello)
    endpoint = ENDPOINT._replace(port=daemon.port)
    write_endpoint(endpoint)

    assert find_daemon() == endpoint


def test_proof_is_new_every_time(stranger):
    daemon = stranger(honest_hello)
    for _ in range(2):
        prove(ENDPOINT._replace(port=daemon.port))

    nonces = {part[:32] for part in daemon.received.split(b"nonce=")[1:]}
    assert len(nonces) == 2


ANSWERS = {
    "silence": lambda request: b"",
    "nonsense": lambda request: b"SSH-2.0-OpenSSH_9.6\r\n",
    "not json": lambda request: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    "a list": lambda request: http([1]),
    "no proof": lambda request: http({"protocol": PROTOCOL, "nonce": DAEMONS_NONCE}),
    "no nonce": lambda request: http({"protocol": PROTOCOL, "proof": proof_for(request)}),
    "proof of null": lambda request: honest_hello(request, proof=None),
    "wrong proof": lambda request: honest_hello(request, proof="0" * 64),
    "proof that is not ascii": lambda request: honest_hello(request, proof="\u00e9" * 64),
    "proof of another number": lambda request: honest_hello(request, nonce="e" * 32),
    "number of another kind": lambda request: honest_hello(
        request, nonce="x", proof=session_keys(
            KEY, "abc", request.split(b"nonce=")[1][:32].decode(), "x"
        ).proof,
    ),
    "replayed proof": lambda request: honest_hello(
        request, proof=session_keys(KEY, "abc", "0" * 32, DAEMONS_NONCE).proof
    ),
    "proof with another key": lambda request: honest_hello(
        request, proof=proof_for(request, "guess")
    ),
    "proof of another run": lambda request: honest_hello(
        request, proof=proof_for(request, instance="abd")
    ),
    "proof of protocol 1": lambda request: honest_hello(
        request, proof=hello_proof(SECRET, request.split(b"nonce=")[1][:32].decode(), "abc")
    ),
}  # fmt: skip


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_squatter_on_the_port_gets_neither_secret_nor_pixels(stranger, answer):
    squatter = stranger(answer)
    write_endpoint(ENDPOINT._replace(port=squatter.port))

    with pytest.raises(DaemonUnreachable):
        connect(start=False)

    assert squatter.received.startswith(b"GET /v1/hello?nonce=")
    assert SECRET.encode() not in squatter.received
    assert KEY.encode() not in squatter.received
    assert b"uthorization" not in squatter.received


def test_nobody_on_the_port_means_no_daemon():
    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    write_endpoint(ENDPOINT._replace(port=port))

    assert find_daemon() is None


@pytest.mark.parametrize("theirs", [1, 7])
def test_other_protocol_is_named_with_both_numbers(stranger, theirs):
    daemon = stranger(honest_hello_of_any_age)
    write_endpoint(ENDPOINT._replace(port=daemon.port, protocol=theirs, version="9.9.9"))

    with pytest.raises(ProtocolMismatch, match=rf"9\.9\.9.* protocol {theirs}, .* protocol 2"):
        find_daemon()
    assert SECRET.encode() not in daemon.received


def test_dead_daemon_of_another_protocol_is_no_daemon(stranger):
    for daemon in (stranger(), stranger(lambda request: http({"proof": "0" * 64}))):
        write_endpoint(ENDPOINT._replace(port=daemon.port, protocol=1))
        assert find_daemon() is None


linux = pytest.mark.skipif(
    sys.platform != "linux", reason="other systems do not say where they are"
)
HERE = our_whereabouts()
PLACES = {
    "another computer": (HERE._replace(boot_id="other"), "another computer"),
    "another container of another computer": (Whereabouts("other", "net:[1]"), "another computer"),
    "another container": (HERE._replace(network="net:[1]"), "another container or sandbox"),
}


def test_lock_is_held_for_as_long_as_somebody_holds_it(tmp_path):
    lock = tmp_path / "lock"
    assert not is_held(lock)
    held = try_lock(lock)
    assert [is_held(lock), is_held(lock)] == [True, True]
    os.close(held)
    assert [is_held(lock), is_held(lock)] == [False, False]
    assert sorted(tmp_path.iterdir()) == [lock]


def test_nobody_holds_what_is_no_lock(tmp_path):
    """A daemon takes none of these, so nothing in their places says that one runs."""
    lock = tmp_path / "lock"
    held = try_lock(lock)
    (tmp_path / "link").symlink_to(lock)
    (tmp_path / "folder").mkdir()
    try:
        assert not is_held(tmp_path / "link")
        assert not is_held(tmp_path / "folder")
    finally:
        os.close(held)


@linux
@pytest.mark.parametrize(("place", "said"), PLACES.values(), ids=PLACES)
def test_daemon_that_lives_elsewhere_is_a_sentence_and_its_port_is_not_touched(
    stranger, place, said
):
    relay = stranger(honest_hello)
    write_endpoint(ENDPOINT._replace(port=relay.port, **place._asdict()))
    lock = try_lock(state_folder() / "lock")
    try:
        for ask in (find_daemon, lambda: connect(start=True)):
            with pytest.raises(DaemonElsewhere, match=f"runs (on|in) {said}.*lacuna stop"):
                ask()
    finally:
        os.close(lock)

    assert relay.received == b""


@linux
@pytest.mark.parametrize("place", [place for place, _ in PLACES.values()], ids=PLACES)
def test_file_of_a_daemon_that_ended_with_its_system_is_no_daemon(stranger, place):
    """After a power cut it names another start of this computer, and nobody holds the lock."""
    squatter = stranger(honest_hello)
    write_endpoint(ENDPOINT._replace(port=squatter.port, **place._asdict()))
    for touched in (False, True):
        if touched:
            os.close(try_lock(state_folder() / "lock"))
        assert find_daemon() is None
    assert squatter.received == b""


@linux
def test_place_that_one_side_does_not_know_is_not_compared(stranger, monkeypatch):
    daemon = stranger(honest_hello)
    for written, ours in (
        (Whereabouts(), HERE),
        (Whereabouts("other", "net:[1]"), Whereabouts()),
        (HERE, HERE),
    ):
        monkeypatch.setattr(endpoints, "our_whereabouts", lambda ours=ours: ours)
        write_endpoint(ENDPOINT._replace(port=daemon.port, **written._asdict()))
        assert find_daemon() is not None


def test_starting_what_never_ran_says_how_to_start_it():
    with pytest.raises(DaemonUnreachable, match="lacuna setup"):
        start_daemon()


def test_starting_what_is_not_there_names_it():
    with pytest.raises(DaemonUnreachable, match="no-such-program"):
        start_daemon(["/no-such-program", "serve"])


def test_daemon_that_ends_at_once_is_reported_with_its_code():
    with pytest.raises(DaemonUnreachable, match="code 3"):
        start_daemon([sys.executable, "-c", "raise SystemExit(3)"], timeout_s=20)


def test_daemon_that_does_not_answer_is_given_up():
    with pytest.raises(DaemonUnreachable, match=r"within 0\.3 s"):
        start_daemon([sys.executable, "-c", "import time; time.sleep(2)"], timeout_s=0.3)


def test_editors_own_python_is_not_forced_on_the_daemon(tmp_path, monkeypatch):
    """AppImages set these for their own interpreter, and another one breaks on them."""
    monkeypatch.setenv("PYTHONHOME", "/editor")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/editor/lib")
    seen = tmp_path / "seen"
    code = (
        f"import os; open({str(seen)!r}, 'w').write(repr(sorted(os.environ))); raise SystemExit(1)"
    )

    with pytest.raises(DaemonUnreachable):
        start_daemon([sys.executable, "-c", code], timeout_s=20)

    assert "PYTHONHOME" not in seen.read_text()
    assert "LD_LIBRARY_PATH" not in seen.read_text()
    assert "LACUNA_STATE_DIR" in seen.read_text()


def test_wire_keeps_to_the_syntax_of_the_editors_python():
    import ast

    for path in Path(endpoints.__file__).parent.glob("*.py"):
        ast.parse(path.read_text("utf-8"), feature_version=(3, 8))
