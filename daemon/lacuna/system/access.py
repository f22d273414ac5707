"""Who else may enter a folder on Windows, where access lists say it, and how it is closed to them.

Elsewhere modes and owners say it, and `lacuna_wire.private_files` looks at those. `icacls` and
`whoami` come with every Windows; what they are asked for here reads the same in every language.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from lacuna_wire import LacunaError

ASK_S = 10.0
# Those who may do anything anyway: the system, its administrators, and whoever owns a file.
_TRUSTED = {"SY", "BA", "OW", "CO", "S-1-5-18", "S-1-5-32-544", "S-1-3-4", "S-1-3-0"}
# One entry that allows something: kind, flags, rights, two types, who. [MS-DTYP] 2.5.1.1
_ALLOWED = re.compile(r"\((?:A|XA);[^;]*;[^;]*;[^;]*;[^;]*;([^;)]+)[^)]*\)")


def others_with_access(folder: Path) -> list[str]:
    """Return the identifiers of others that an access list lets in; none where there are no lists.

    Raises:
        LacunaError: `access` if Windows does not tell.
    """
    if sys.platform != "win32":
        return []
    with tempfile.TemporaryDirectory() as place:
        saved = Path(place) / "list"
        _ask("icacls", str(folder), "/save", str(saved))
        words = saved.read_bytes().decode("utf-16", "replace")
    found = dict.fromkeys(_ALLOWED.findall(words))
    if "D:" not in words or not found:  # no list at all lets everybody in
        return ["WD"]
    own = _own_identifier()
    return [who for who in found if who not in _TRUSTED and who != own]


def close_to_others(folder: Path) -> None:
    """Close a folder to everybody but this user, if it is not; what it holds follows.

    Raises:
        LacunaError: `untrusted_file` if others may still enter it then, `access` if Windows does
            not tell.
    """
    if not others_with_access(folder):
        return
    _ask(*closing_command(folder))
    if others := others_with_access(folder):
        raise LacunaError(
            f"{folder} is open to {', '.join(others)} and cannot be closed. Name another folder in "
            "LACUNA_STATE_DIR.",
            code="untrusted_file",
            values={"path": str(folder)},
        )


def closing_command(folder: Path) -> list[str]:
    """Return the words of the command that closes a folder to everybody but this user."""
    grants = (f"*{who}:(OI)(CI)F" for who in (_own_identifier(), "S-1-5-18", "S-1-5-32-544"))
    return ["icacls", str(folder), "/inheritance:r", "/grant:r", *grants, "/t", "/c", "/q"]


def _own_identifier() -> str:
    said = _ask("whoami", "/user", "/fo", "csv", "/nh")
    found = re.search(r"S-1-[0-9-]+", said)
    if found is None:
        raise LacunaError("Windows does not say who its user is.", code="access")
    return found[0]


def _ask(*words: str) -> str:
    # The name is there on Windows only: no console window of its own.
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    try:
        ran = subprocess.run(
            words, capture_output=True, timeout=ASK_S, check=False, creationflags=flags
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LacunaError(f"`{words[0]}` cannot be run: {error}.", code="access") from error
    if ran.returncode:
        raise LacunaError(f"`{' '.join(words)}` ended with code {ran.returncode}.", code="access")
    return ran.stdout.decode("utf-8", "replace")
