"""Find the daemon of this user, or start it: the first thing that every client does.

The daemon leaves `endpoint.json` (where it listens, and its key) and `launch.json` (how to start
it) in the state folder. They are believed only if no other user could have written them. The key is
never sent: both sides prove that they know it, and sign with it (`signing.py`).
"""

import hashlib
import hmac
import http.client
import os
import secrets
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, List, NamedTuple, Optional, Sequence

from .errors import DaemonUnreachable, LacunaError, ProtocolMismatch
from .fitness import facts_of_this_computer, require_fit_computer
from .messages import PROTOCOL
from .outside import environment_of_others
from .private_files import read_private, write_private
from .session import HOST, ask_hello, begin_session, stranger
from .signing import same
from .whereabouts import Whereabouts, difference, elsewhere, is_held, our_whereabouts

PROVE_TIMEOUT_S = 3.0
POLL_S = 0.05  # between two looks for a daemon that is starting
# It starts the daemon, puts a newer one in the place of an older one, and updates the plug-ins.
REMEDY = "Run `lacuna setup` in a terminal."


class Endpoint(NamedTuple):
    """Where a daemon listens, and the secrets that its owner shares with it.

    Attributes:
        port: On 127.0.0.1.
        pid: Its process.
        instance: Name of this run.
        protocol: The newest that it speaks.
        version: Of the daemon, for people.
        token: The secret of protocol 1, in which clients send it; this client does not.
        key: The secret of protocol 2, which nobody sends.
        boot_id: As in `Whereabouts`: the system in which it listens.
        network: As in `Whereabouts`.
    """

    port: int
    pid: int
    instance: str
    protocol: int
    version: str
    token: str
    key: str = ""
    boot_id: str = ""
    network: str = ""

    @property
    def whereabouts(self) -> Whereabouts:
        return Whereabouts(self.boot_id, self.network)

    def __repr__(self) -> str:
        return f"Endpoint(port={self.port}, pid={self.pid}, instance={self.instance!r})"


def state_folder() -> Path:
    """Return the folder of the daemon's own files, whether it exists or not.

    It hangs from the home folder and not from the XDG variables, because Flatpak points those
    somewhere else and a plug-in in there would never find the daemon.
    """
    override = os.environ.get("LACUNA_STATE_DIR")
    if override:
        return Path(override).absolute()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "lacuna"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "lacuna"
    return Path.home() / ".local" / "state" / "lacuna"


def endpoint_file() -> Path:
    return state_folder() / "endpoint.json"


def launch_file() -> Path:
    return state_folder() / "launch.json"


def lock_file() -> Path:
    """Return the file that a daemon keeps locked for as long as it lives."""
    return state_folder() / "lock"


def write_endpoint(endpoint: Endpoint) -> None:
    write_private(endpoint_file(), endpoint._asdict())


def read_endpoint() -> Optional[Endpoint]:
    """Return what the last daemon wrote, or None if there is no file; it may be stale.

    Raises:
        LacunaError: If the file is not this user's alone (`untrusted_file`) or is damaged.
    """
    fields = read_private(endpoint_file())
    if fields is None:
        return None
    values: List[Any] = []
    for name, kind in Endpoint.__annotations__.items():
        # Unknown keys are left alone: a newer daemon may write more, and an older one less.
        value = fields.get(name, Endpoint._field_defaults.get(name))
        if type(value) is not kind or (name == "key" and fields.get("protocol") == 2 and not value):
            raise LacunaError(
                f"{endpoint_file()} has no valid {name}. Remove it. {REMEDY}",
                code="damaged_file",
                values={"path": str(endpoint_file())},
            )
        values.append(value)
    return Endpoint(*values)


def remove_endpoint(instance: str) -> None:
    """Remove the file if it is still the one of `instance`."""
    endpoint = read_endpoint()
    if endpoint is not None and endpoint.instance == instance:
        endpoint_file().unlink()


def write_launch(command: Sequence[str]) -> None:
    """Write down how to start the daemon, for plug-ins that run in another Python."""
    write_private(launch_file(), {"command": list(command)})


def read_launch() -> Optional[List[str]]:
    """Return the command that starts the daemon, or None if it never ran here."""
    fields = read_private(launch_file())
    if fields is None:
        return None
    command = fields.get("command")
    if not isinstance(command, list) or not command or not all(map(_is_text, command)):
        raise LacunaError(
            f"{launch_file()} has no valid command. {REMEDY}",
            code="damaged_file",
            values={"path": str(launch_file())},
        )
    return command


def hello_proof(token: str, nonce: str, instance: str) -> str:
    """Return the answer to a hello that names no protocol: 64 hexadecimal digits.

    Daemons of every version give it, so that clients of every version know that it is them.
    """
    message = ("hello" + nonce + instance).encode("utf-8")
    return hmac.new(token.encode("utf-8"), message, hashlib.sha256).hexdigest()


def prove(endpoint: Endpoint) -> None:
    """Return if the daemon of `endpoint` answers there and speaks our protocol.

    Another program may have taken the port since the file was written. It learns no secret and no
    pixel: only a random number is sent.

    Raises:
        DaemonUnreachable: If nothing answers, or something else does.
        ProtocolMismatch: If it is the daemon, in a version that we do not understand.
    """
    # http.client, unlike urllib, knows no proxies: the request cannot leave this computer.
    connection = http.client.HTTPConnection(HOST, endpoint.port, timeout=PROVE_TIMEOUT_S)
    try:
        if endpoint.protocol == PROTOCOL:
            begin_session(connection, endpoint.key, endpoint.instance)
            return
        nonce = secrets.token_hex(16)
        hello = ask_hello(connection, "/v1/hello?nonce=" + nonce)
    except (OSError, http.client.HTTPException) as error:
        raise DaemonUnreachable(f"No Lacuna daemon answers on port {endpoint.port}.") from error
    finally:
        connection.close()
    if not same(hello.get("proof"), hello_proof(endpoint.token, nonce, endpoint.instance)):
        raise stranger(endpoint.port)
    raise ProtocolMismatch(
        f"The daemon (version {endpoint.version}) speaks protocol {endpoint.protocol}, but this "
        f"client speaks protocol {PROTOCOL}. Update the older of the two: run `lacuna setup` in a "
        "terminal, then start this program again.",
        values={
            "version": endpoint.version,
            "theirs": str(endpoint.protocol),
            "ours": str(PROTOCOL),
        },
    )


def find_daemon() -> Optional[Endpoint]:
    """Return the running daemon, proved, or None.

    Raises:
        ProtocolMismatch: If a daemon of another protocol runs.
        DaemonElsewhere: If it runs where 127.0.0.1 is not ours; nothing is sent then.
        LacunaError: If the endpoint file is not this user's alone, or damaged.
    """
    endpoint = read_endpoint()
    if endpoint is None:
        return None
    where = difference(our_whereabouts(), endpoint.whereabouts)
    if where:
        if not is_held(lock_file()):
            return None  # it ended without tidying up: most often this computer was started anew
        raise elsewhere(where, state_folder())
    try:
        prove(endpoint)
    except DaemonUnreachable:
        return None  # it ended without tidying up, and another program may have taken its port
    return endpoint


def start_daemon(command: Optional[Sequence[str]] = None, timeout_s: float = 10.0) -> Endpoint:
    """Start the daemon, detached from this process, and return it as soon as it is proved.

    Args:
        command: How to start it; by default what the daemon itself left in `launch.json`.
        timeout_s: How long to wait for it.

    Raises:
        DaemonUnreachable: If there is no command to start it, or it does not answer in time.
        LacunaError: `unfit_computer` if there is none, and never will be.
    """
    command = command or read_launch()
    if command is None:
        require_fit_computer(facts_of_this_computer())
        raise DaemonUnreachable(
            f"The Lacuna daemon is not running and has never run for this user. {REMEDY}"
        )
    process = _spawn_detached(command)
    give_up = time.monotonic() + timeout_s
    while time.monotonic() < give_up:
        endpoint = find_daemon()
        if endpoint is not None:
            return endpoint
        # 0 is not a failure: another client was quicker, and its daemon is about to answer.
        if process.poll() not in (None, 0):
            log = str(state_folder() / "daemon.log")
            raise DaemonUnreachable(
                f"The Lacuna daemon ended with code {process.returncode} when it was started. "
                f"{log} says why.",
                values={"exit_code": process.returncode, "log": log},
            )
        time.sleep(POLL_S)
    raise DaemonUnreachable(
        f"The Lacuna daemon did not answer within {timeout_s:g} s.", values={"seconds": timeout_s}
    )


def is_startable() -> bool:
    """Tell whether a daemon runs, or there is a program to start one; nothing is started.

    Where that cannot be told, because of a file that is damaged or a daemon elsewhere, the error
    of `connect` says more than this can.
    """
    try:
        if find_daemon() is not None:
            return True
        command = read_launch()
    except LacunaError:
        return True
    return command is not None and os.path.exists(command[0])


def _spawn_detached(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    # The names exist on Windows only: the daemon must outlive the editor, without a console.
    flags = getattr(subprocess, "DETACHED_PROCESS", 0)
    flags |= getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    try:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=str(Path.home()),
            env=environment_of_others(),
            start_new_session=True,
            creationflags=flags,
        )
    except OSError as error:
        raise DaemonUnreachable(
            f"The Lacuna daemon cannot be started: {command[0]}: {error.strerror}. {REMEDY}",
            values={"command": command[0], "reason": str(error.strerror)},
        ) from error
    # Without a wait it would stay a zombie of a long-running editor when it ends.
    threading.Thread(target=process.wait, name="lacuna-daemon-wait", daemon=True).start()
    return process


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
