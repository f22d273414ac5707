"""Another user of the same computer, as a process of his own: only root can make one."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager

import pytest

NOBODY = 65534
BECOME = f"""
import json, os, resource, select, socket, sys, time
from http.client import HTTPConnection
"".encode("idna")  # what is imported later may lie where only root can read
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid({NOBODY})
    os.setuid({NOBODY})
port = int(sys.argv[1])
facts = json.loads(sys.argv[2])
"""
# Opens connections that say nothing, and some that ask and do not read; opens anew what is closed.
CROWD = """
ask = b"GET /v1/health HTTP/1.1\\r\\nHost: 127.0.0.1:%d\\r\\n\\r\\n" % port
def connect(reads):
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    try:
        connection.connect(("127.0.0.1", port))
        connection.setblocking(False)
        if not reads:
            connection.send(ask * 40_000)
        elif facts.get("head"):
            connection.send(b"GET / HTTP/1.1\\r\\nHost: x\\r\\n" + b"A: b" * (facts["head"] // 4))
    except OSError:
        pass
    return connection
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
def crowd():
    return [connect(n >= facts["mute"]) for n in range(facts["mute"] + facts["silent"])]
connections = crowd()
print("here", flush=True)
while not select.select([sys.stdin], [], [], 1)[0]:
    for number, connection in enumerate(connections):
        try:
            gone = number >= facts["mute"] and not connection.recv(1)
        except BlockingIOError:
            gone = False
        except OSError:
            gone = True
        if gone and facts.get("again"):
            connection.close()
            connections[number] = connect(number >= facts["mute"])
"""


def run_as_stranger(code: str, port: int, **facts) -> str:
    """Run Python code as another user, and return what it prints.

    It finds `port` and `facts`, and `HTTPConnection`, `json`, `os`, `socket`, `sys`, `time`.
    """
    need_root()
    command = [sys.executable, "-c", BECOME + code, str(port), json.dumps(facts)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


@contextmanager
def a_crowd(port: int, silent: int = 0, mute: int = 0, head: int = 0, again: bool = True):
    """Hold connections of another user while the block runs.

    Args:
        port: Of the daemon.
        silent: So many say nothing.
        mute: So many ask forty thousand times and read no answer.
        head: The silent ones send so many bytes of a head that has no end.
        again: Whether those that are closed are opened anew, every second.
    """
    need_root()
    facts = json.dumps({"silent": silent, "mute": mute, "head": head, "again": again})
    process = subprocess.Popen(
        [sys.executable, "-c", BECOME + CROWD, str(port), facts],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout.readline() == "here\n"
        yield process
    finally:
        process.communicate("", timeout=60)


def need_root() -> None:
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root can become another user")
