"""Whose process is at the other end of a connection, as the kernel says it."""

import os
import socket
import subprocess
import sys

import pytest

from lacuna_wire import peers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems are not asked")
CONNECT = """
import encodings.idna, os, socket, sys
os.setuid(int(sys.argv[2]))
one = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
one.recv(1)
"""


@pytest.fixture
def pair():
    """Both ends of a connection of this process, and its listener."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
        with client, server:
            yield client, server


def test_both_ends_of_our_own_are_our_own(pair):
    for one in pair:
        assert peers.owner_of(one.getpeername(), one.getsockname()) == os.geteuid()
        assert peers.is_own_peer(one.getsockname(), one.getpeername()) is True


def test_addresses_of_no_connection_tell_nothing(pair):
    client, _ = pair
    nobody = ("127.0.0.1", 1)

    with pytest.raises(OSError, match="no socket"):
        peers.owner_of(nobody, client.getsockname())
    assert peers.is_own_peer(client.getsockname(), nobody) is None
    assert peers.is_own_peer(("not an address", 1), nobody) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes processes of other users")
@pytest.mark.parametrize("user", [0, 12_345])
def test_other_end_of_another_user_is_told_apart(user):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        words = [sys.executable, "-c", CONNECT, str(port), str(user)]
        with subprocess.Popen(words) as process:
            server, _ = listener.accept()
            with server:
                assert peers.owner_of(server.getpeername(), server.getsockname()) == user
                own = peers.is_own_peer(server.getsockname(), server.getpeername())
                assert own is (user == os.geteuid())
                server.sendall(b"x")
            assert process.wait(20) == 0


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_tell_nothing(pair, monkeypatch, platform):
    client, _ = pair
    monkeypatch.setattr(sys, "platform", platform)

    assert peers.is_own_peer(client.getsockname(), client.getpeername()) is None
