"""The state files are believed only if nobody else wrote them, and a stranger gets no token."""

import json
import os
import socket
import stat
import sys
import threading
from pathlib import Path

import pytest

from lacuna_wire import LacunaError
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
from lacuna_wire.errors import DaemonUnreachable, ProtocolMismatch

SECRET = "5ec7e7" * 8
ENDPOINT = Endpoint(port=1, pid=2, instance="abc", protocol=1, version="0.1.0", token=SECRET)

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


def honest_hello(request: bytes, **changes) -> bytes:
    """Answer as the daemon of ENDPOINT would."""
    nonce = request.split(b"nonce=")[1][:32].decode()
    return http(
        {
            "instance": "abc",
            "version": "9.9.9",
            "protocol": 1,
            "proof": hello_proof(SECRET, nonce, "abc"),
            **changes,
        }
    )


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
    ("key", "value"), [("port", True), ("port", "80"), ("token", None), ("pid", 1.5)]
)
def test_field_of_the_wrong_type_is_named(key, value):
    write_endpoint(ENDPOINT)
    endpoint_file().write_text(json.dumps({**ENDPOINT._asdict(), key: value}))

    with pytest.raises(LacunaError, match=f"no valid {key}"):
        read_endpoint()


def test_key_of_a_newer_daemon_is_left_alone():
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
    assert SECRET not in repr(ENDPOINT)
    assert SECRET not in str(ENDPOINT)


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
    "no proof": lambda request: http({"instance": "abc", "protocol": 1}),
    "proof of null": lambda request: honest_hello(request, proof=None),
    "wrong proof": lambda request: honest_hello(request, proof="0" * 64),
    "proof that is not ascii": lambda request: honest_hello(request, proof="\u00e9" * 64),
    "replayed proof": lambda request: honest_hello(
        request, proof=hello_proof(SECRET, "0" * 32, "abc")
    ),
    "proof with another token": lambda request: honest_hello(
        request, proof=hello_proof("guess", request.split(b"nonce=")[1][:32].decode(), "abc")
    ),
}  # fmt: skip


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_squatter_on_the_port_gets_neither_token_nor_pixels(stranger, answer):
    squatter = stranger(answer)
    write_endpoint(ENDPOINT._replace(port=squatter.port))

    with pytest.raises(DaemonUnreachable):
        connect(start=False)

    assert squatter.received.startswith(b"GET /v1/hello?nonce=")
    assert SECRET.encode() not in squatter.received
    assert b"uthorization" not in squatter.received


def test_nobody_on_the_port_means_no_daemon():
    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    write_endpoint(ENDPOINT._replace(port=port))

    assert find_daemon() is None


def test_other_protocol_is_named_with_both_numbers(stranger):
    daemon = stranger(lambda request: honest_hello(request, protocol=7))
    write_endpoint(ENDPOINT._replace(port=daemon.port))

    with pytest.raises(ProtocolMismatch, match=r"9\.9\.9.* protocol 7, .* protocol 1"):
        find_daemon()


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
