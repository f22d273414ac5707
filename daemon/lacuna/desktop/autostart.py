"""Start the daemon at login: which file each system reads for that, and what goes into it.

A systemd user unit where a user manager runs, else an entry that every Linux desktop reads; a
launchd agent on macOS; an entry in the Startup folder on Windows. The last two were never tried.
"""

import os
import plistlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lacuna_wire import LacunaError

from .home import Home
from .replacing import remove_empty_parents, write_whole

UNIT = "lacuna.service"
LABEL = "lacuna.daemon"


class Entry(NamedTuple):
    """One way to start at login.

    Attributes:
        kind: For people.
        path: The file.
        content: What is written there.
        link: A further link to the file, which enables it; systemd alone has one.
    """

    kind: str
    path: Path
    content: bytes
    link: Path | None = None


def choose(home: Home, command: Sequence[str]) -> Entry:
    """Return the way that suits this home's system; nothing is written."""
    return next(entry for entry in _ways(home, command) if entry.kind == _kind(home))


def is_registered(entry: Entry) -> bool:
    """Tell whether the file is there, says the same, and is enabled."""
    try:
        same = entry.path.read_bytes() == entry.content
    except OSError:
        return False
    return same and (entry.link is None or _leads_to(entry.link, entry.path))


def registered(home: Home) -> list[Path]:
    """Return the files that start the daemon at login, whatever they say; usually one."""
    return [entry.path for entry in _ways(home, ["lacuna"]) if os.path.lexists(entry.path)]


def register(home: Home, command: Sequence[str]) -> Entry:
    """Have the daemon started at login, in one way only.

    Raises:
        LacunaError: `not_writable`.
    """
    chosen = choose(home, command)
    try:
        for entry in _ways(home, command):
            if entry.kind != chosen.kind:
                _remove(entry, home)
        write_whole(chosen.path, chosen.content)
        if chosen.link is not None and not _leads_to(chosen.link, chosen.path):
            chosen.link.parent.mkdir(parents=True, exist_ok=True)
            chosen.link.unlink(missing_ok=True)
            chosen.link.symlink_to(chosen.path)
    except OSError as error:
        raise _not_writable(error, chosen.path) from error
    return chosen


def unregister(home: Home) -> list[Path]:
    """Remove every entry and return the files that were there.

    Raises:
        LacunaError: `not_writable` if one cannot be removed.
    """
    found = registered(home)
    try:
        for entry in _ways(home, ["lacuna"]):
            _remove(entry, home)
    except OSError as error:
        raise _not_writable(error, home.folder) from error
    return found


def unit_text(command: Sequence[str]) -> str:
    """Return the systemd user unit that runs `command`."""
    # Variables are replaced in the arguments, but not in the program's own name.
    words = [_unit_word(word) for word in command]
    line = " ".join([words[0], *(word.replace("$", "$$") for word in words[1:])])
    return f"""\
[Unit]
Description=Lacuna, which removes what does not belong from pictures
StartLimitIntervalSec=60
StartLimitBurst=4

[Service]
Type=notify
ExecStart={line}
Restart=on-failure
RestartSec=1
# EX_CONFIG: another try would meet the same settings.
RestartPreventExitStatus=78
WatchdogSec=30
TimeoutStopSec=10
Nice=5
# The kernel may have to end the worker; the daemon then starts another one.
OOMPolicy=continue
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
# No MemoryDenyWriteExecute: the network's libraries write machine code. No PrivateTmp and no
# ProtectHome: pictures, spool and weights lie there.

[Install]
WantedBy=default.target
"""


def desktop_text(command: Sequence[str]) -> str:
    """Return the entry that desktops read at login (the XDG autostart specification)."""
    return f"""\
[Desktop Entry]
Type=Application
Version=1.0
Name=Lacuna
Comment=Removes what does not belong from pictures
Exec={" ".join(desktop_word(word) for word in command)}
Terminal=false
NoDisplay=true
StartupNotify=false
"""


def agent_plist(command: Sequence[str]) -> bytes:
    """Return the launchd agent: started at login, and again after a crash but no clean end."""
    return plistlib.dumps(
        {
            "Label": LABEL,
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": 15,
            "ProcessType": "Background",
            "Umask": 0o077,
        }
    )


def startup_script(command: Sequence[str]) -> bytes:
    """Return a script for the Startup folder of Windows; the first line reads it as UTF-8."""
    words = " ".join('"' + word.replace("%", "%%") + '"' for word in command)
    return f'@chcp 65001 >nul\r\n@start "" /b {words}\r\n'.encode()


def _kind(home: Home) -> str:
    if home.system == "macos":
        return "launchd agent"
    if home.system == "windows":
        return "Startup entry"
    # Its socket is there exactly while a manager runs for this user.
    runtime = home.environment.get("XDG_RUNTIME_DIR", "")
    managed = runtime and Path(runtime, "systemd", "private").exists()
    return "systemd user unit" if managed else "desktop autostart entry"


def _ways(home: Home, command: Sequence[str]) -> list[Entry]:
    if home.system == "macos":
        path = home.library / "LaunchAgents" / f"{LABEL}.plist"
        return [Entry("launchd agent", path, agent_plist(command))]
    if home.system == "windows":
        programs = home.roaming / "Microsoft" / "Windows" / "Start Menu" / "Programs"
        path = programs / "Startup" / "Lacuna.cmd"
        return [Entry("Startup entry", path, startup_script(without_console(command)))]
    units = home.config / "systemd" / "user"
    link = units / "default.target.wants" / UNIT
    entry = home.config / "autostart" / "lacuna.desktop"
    return [
        Entry("systemd user unit", units / UNIT, unit_text(command).encode(), link),
        Entry("desktop autostart entry", entry, desktop_text(command).encode()),
    ]


def _remove(entry: Entry, home: Home) -> None:
    for path in (entry.link, entry.path):
        if path is not None and os.path.lexists(path):
            path.unlink()
            remove_empty_parents([path], home.folder)


def _not_writable(error: OSError, path: Path) -> LacunaError:
    where = error.filename or path
    return LacunaError(f"{where} cannot be written: {error.strerror}.", code="not_writable")


def _leads_to(link: Path, path: Path) -> bool:
    return link.is_symlink() and link.resolve() == path.resolve()


def without_console(command: Sequence[str]) -> list[str]:
    program = Path(command[0])
    windowless = program.with_name("pythonw.exe")
    return [str(windowless if windowless.exists() else program), *command[1:]]


def _unit_word(word: str) -> str:
    # systemd.service(5), "Command lines", and systemd.unit(5), "Specifiers".
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def desktop_word(word: str) -> str:
    # Desktop Entry Specification: quoted in Exec, then escaped as any text is.
    for letter in '\\"`$':
        word = word.replace(letter, "\\" + letter)
    return '"' + word.replace("\\", "\\\\").replace("%", "%%") + '"'
